// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.LongFunction;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.kernel.VirtualRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.settings.IntegrityCheck;

/** Compares a part of the kernel's image with its copy: its text, or its read-only data. */
final class CopyCheck implements Check {
    static final CheckDefinition<MemoryCopy.Kept> KERNEL_TEXT = new CheckDefinition<>(
            "kernel-text",
            IntegrityCheck.KERNEL_TEXT,
            MemoryCopy.Kept.class,
            guest -> Optional.of(record(
                    "kernel-text",
                    guest,
                    guest.kernel().text(),
                    guest.armed().patchable(),
                    hooks(guest))),
            (guest, kept, directory) ->
                    resume(guest, kept, directory, guest.armed().patchable(), hooks(guest)));

    /** The kernel's read-only data, if its symbols say where it is. */
    static final CheckDefinition<MemoryCopy.Kept> READ_ONLY_DATA = new CheckDefinition<>(
            "read-only-data",
            IntegrityCheck.READ_ONLY_DATA,
            MemoryCopy.Kept.class,
            guest -> {
                Optional<VirtualRange> data = readOnlyData(guest.kernel());
                return data.isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                record("read-only-data", guest, data.get(), List.of(), List.of()));
            },
            (guest, kept, directory) -> resume(guest, kept, directory, List.of(), List.of()));

    private final CheckedGuest guest;
    private final String name;
    private final MemoryCopy copy;

    private CopyCheck(CheckedGuest guest, String name, MemoryCopy copy) {
        this.guest = guest;
        this.name = name;
        this.copy = copy;
    }

    private static CopyCheck record(
            String name,
            CheckedGuest guest,
            VirtualRange range,
            List<PatchSite> sites,
            List<VirtualRange> leftOut)
            throws GuestMemoryException {
        return new CopyCheck(
                guest,
                name,
                MemoryCopy.of(guest.memory(), range, names(guest.kernel()), sites, leftOut));
    }

    private static CopyCheck resume(
            CheckedGuest guest,
            MemoryCopy.Kept kept,
            Path directory,
            List<PatchSite> sites,
            List<VirtualRange> leftOut)
            throws IOException {
        return new CopyCheck(
                guest,
                kept.name(),
                MemoryCopy.resume(
                        kept, directory, guest.memory(), names(guest.kernel()), sites, leftOut));
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

    /** Hooks have a check of their own. */
    private static List<VirtualRange> hooks(CheckedGuest guest) {
        return guest.armed().hooks().stream()
                .map(hook -> new VirtualRange(hook.address(), hook.returnAddress()))
                .toList();
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        copy.compare(findings, new PatchSiteVerifier(guest.kernel(), guest.memory(), guest.code()));
    }

    @Override
    public Optional<Object> section(Path directory) throws IOException {
        copy.moveTo(directory, name);
        return Optional.of(copy.kept(name));
    }

    @Override
    public void forgetTouchedPages() {
        copy.forgetTouchedPages();
    }
}
