// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import java.util.stream.Stream;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.HookSite;
import org.simvm.arming.PersistedBoot;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.ModuleList;
import org.simvm.guest.kernel.VirtualRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;
import org.simvm.settings.IntegrityCheck;

/**
 * The checks that compare with what was recorded when the guest was armed, by this manager or an
 * earlier one.
 *
 * @param data the kernel's read-only data, if its symbols say where it is
 */
record Recorded(
        ArmedGuest guest,
        String when,
        CopyCheck text,
        Optional<CopyCheck> data,
        TableCheck systemCalls,
        TableCheck interrupts,
        SegmentCheck monitorCode,
        SegmentCheck gates,
        SegmentCheck monitorData,
        RegisterCheck entries,
        RegisterCheck interruptRegisters) {
    static final String TEXT = "kernel-text";
    static final String DATA = "read-only-data";

    static Recorded now(ArmedGuest guest)
            throws BaselineException, GuestMemoryException, RegionException, QmpException,
                    InterruptedException {
        VirtualMemory memory = new VirtualMemory(guest.kernelTables());
        Optional<VirtualRange> data = readOnlyData(guest.kernel());
        Optional<CopyCheck> dataCheck = data.isEmpty()
                ? Optional.empty()
                : Optional.of(new CopyCheck(
                        guest,
                        modules(guest),
                        MemoryCopy.of(
                                memory, data.get(), names(guest.kernel()), List.of(), List.of())));
        return new Recorded(
                guest,
                Instant.now().toString(),
                new CopyCheck(
                        guest,
                        modules(guest),
                        MemoryCopy.of(
                                memory,
                                guest.kernel().text(),
                                names(guest.kernel()),
                                guest.patchable(),
                                hookRanges(guest))),
                dataCheck,
                TableCheck.record(guest, TableCheck.SYSTEM_CALLS),
                TableCheck.record(guest, TableCheck.INTERRUPTS),
                SegmentCheck.record(
                        guest.region(), guest.image().layout(), SegmentCheck::monitorCode),
                SegmentCheck.record(guest.region(), guest.image().layout(), SegmentCheck::gates),
                SegmentCheck.record(
                        guest.region(), guest.image().layout(), SegmentCheck::pageTables),
                RegisterCheck.recordEntries(guest),
                RegisterCheck.recordInterrupts(guest));
    }

    static Recorded kept(ArmedGuest guest, Path directory) throws BaselineException, IOException {
        Baseline baseline = Baseline.read(directory);
        if (!baseline.kernel().equals(guest.kernel().version())) {
            throw new IOException("the baseline in " + directory + " is of Linux "
                    + baseline.kernel() + ", the guest runs " + guest.kernel().version());
        }
        VirtualMemory memory = new VirtualMemory(guest.kernelTables());
        MemoryCopy text = MemoryCopy.resume(
                baseline.copy(TEXT),
                directory,
                memory,
                names(guest.kernel()),
                guest.patchable(),
                hookRanges(guest));
        Optional<CopyCheck> data = Optional.empty();
        if (baseline.copies().stream().anyMatch(copy -> copy.name().equals(DATA))) {
            data = Optional.of(new CopyCheck(
                    guest,
                    modules(guest),
                    MemoryCopy.resume(
                            baseline.copy(DATA),
                            directory,
                            memory,
                            names(guest.kernel()),
                            List.of(),
                            List.of())));
        }
        var layout = guest.image().layout();
        return new Recorded(
                guest,
                baseline.recorded(),
                new CopyCheck(guest, modules(guest), text),
                data,
                TableCheck.resume(guest, TableCheck.SYSTEM_CALLS, baseline.tables()),
                TableCheck.resume(guest, TableCheck.INTERRUPTS, baseline.tables()),
                SegmentCheck.resume(
                        guest.region(), layout, SegmentCheck::monitorCode, baseline.segments()),
                SegmentCheck.resume(
                        guest.region(), layout, SegmentCheck::gates, baseline.segments()),
                SegmentCheck.resume(
                        guest.region(), layout, SegmentCheck::pageTables, baseline.segments()),
                RegisterCheck.resumeEntries(guest, baseline.registers()),
                RegisterCheck.resumeInterrupts(guest, baseline.registers()));
    }

    static PersistedBoot persistedBoot(Path directory) throws IOException {
        try {
            return persistedBoot(Baseline.read(directory), directory);
        } catch (IllegalArgumentException
                | NullPointerException e) { // JSON, but of other things than a baseline has
            throw new IOException(
                    directory.resolve(Baseline.FILE) + ": damaged: " + e.getMessage(), e);
        }
    }

    private static PersistedBoot persistedBoot(Baseline baseline, Path directory)
            throws IOException {
        HexFormat hex = HexFormat.of();
        Baseline.Gate gate = baseline.gate();
        return new PersistedBoot(
                number(baseline.lstar()),
                number(baseline.paging().root()),
                baseline.paging().levels(),
                number(gate.entryGpa()),
                number(gate.entry()),
                number(gate.frame()),
                number(gate.virtualBase()),
                number(gate.pages()),
                baseline.hooks().stream()
                        .map(hook -> new PersistedBoot.Hook(
                                hook.monitor(),
                                hook.id(),
                                hook.symbol(),
                                number(hook.address()),
                                number(hook.gpa()),
                                hex.parseHex(hook.original()),
                                hex.parseHex(hook.call())))
                        .toList(),
                PatchSiteFile.read(directory));
    }

    private static long number(String hexadecimal) {
        return Long.parseUnsignedLong(hexadecimal, 16);
    }

    private static Optional<ModuleList> modules(ArmedGuest guest) throws BaselineException {
        return GuestKnowledge.of(guest).modules();
    }

    /**
     * {@code RO_DATA} of {@code include/asm-generic/vmlinux.lds.h}, what is read-only after init
     * included.
     */
    private static Optional<VirtualRange> readOnlyData(Kernel kernel) {
        OptionalLong start = kernel.symbol("__start_rodata");
        OptionalLong end = kernel.symbol("__end_rodata");
        if (start.isEmpty()
                || end.isEmpty()
                || end.getAsLong() <= start.getAsLong()
                || !kernel.image()
                        .contains(start.getAsLong(), end.getAsLong() - start.getAsLong())) {
            return Optional.empty();
        }
        return Optional.of(new VirtualRange(start.getAsLong(), end.getAsLong()));
    }

    private static LongFunction<String> names(Kernel kernel) {
        return va -> kernel.symbolAt(va)
                .map(Object::toString)
                .orElse(String.format("kernel image at 0x%x", va));
    }

    private static List<VirtualRange> hookRanges(ArmedGuest guest) {
        return guest.hooks().stream()
                .map(hook -> new VirtualRange(hook.address(), hook.returnAddress()))
                .toList();
    }

    void addTo(Map<IntegrityCheck, Check> checks) {
        checks.put(IntegrityCheck.KERNEL_TEXT, text);
        data.ifPresent(check -> checks.put(IntegrityCheck.READ_ONLY_DATA, check));
        checks.put(IntegrityCheck.SYSTEM_CALLS, systemCalls);
        checks.put(IntegrityCheck.INTERRUPT_TABLE, findings -> {
            interrupts.run(findings);
            interruptRegisters.run(findings);
        });
        checks.put(IntegrityCheck.MONITOR_CODE, monitorCode);
        checks.put(IntegrityCheck.GATES, gates);
        checks.put(IntegrityCheck.MONITOR_DATA, monitorData);
        checks.put(IntegrityCheck.ENTRY_REGISTERS, entries);
    }

    void persist(Path directory) throws IOException {
        text.copy().moveTo(directory, TEXT);
        List<Baseline.Copy> copies = new ArrayList<>(List.of(text.copy().baseline(TEXT)));
        if (data.isPresent()) {
            data.get().copy().moveTo(directory, DATA);
            copies.add(data.get().copy().baseline(DATA));
        }
        PatchSiteFile.write(directory, guest.patchable());
        Map<String, String> registers = new LinkedHashMap<>(entries.baseline());
        registers.putAll(interruptRegisters.baseline());
        new Baseline(
                        Baseline.FORMAT,
                        when,
                        guest.kernel().version(),
                        Long.toHexString(guest.lstar()),
                        copies,
                        Stream.of(monitorCode.baseline(), gates.baseline(), monitorData.baseline())
                                .flatMap(List::stream)
                                .toList(),
                        Stream.of(systemCalls, interrupts)
                                .flatMap(table -> table.baseline().stream())
                                .toList(),
                        registers,
                        guest.hooks().stream().map(Recorded::hook).toList(),
                        new Baseline.Paging(
                                Long.toHexString(guest.kernelTables().root()),
                                guest.kernelTables().levels()),
                        new Baseline.Gate(
                                Long.toHexString(guest.gateEntryGpa()),
                                Long.toHexString(guest.image().gateEntry()),
                                Long.toHexString(guest.image().gateFrame()),
                                Long.toHexString(guest.image().gateVirtualBase()),
                                Long.toHexString(guest.image().gatePages())))
                .write(directory);
        forgetTouchedPages();
    }

    void forgetTouchedPages() {
        text.copy().forgetTouchedPages();
        data.ifPresent(check -> check.copy().forgetTouchedPages());
    }

    private static Baseline.Hook hook(HookSite hook) {
        HexFormat hex = HexFormat.of();
        return new Baseline.Hook(
                hook.monitor(),
                hook.declaration().id(),
                hook.symbol(),
                Long.toHexString(hook.address()),
                Long.toHexString(hook.gpa()),
                hex.formatHex(hook.original()),
                hex.formatHex(hook.call()));
    }
}
