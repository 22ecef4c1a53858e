// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Symbol;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares tables that say where the kernel's entry points are: system calls of each kind and
 * interrupts. They are read-only from before the first program on.
 */
final class TableCheck implements Check {
    /**
     * System calls: 64-bit, 32-bit, x32. Kernels since 6.9, and those with its hardening against
     * branch target injection, call system calls by a {@code switch} ({@code x64_sys_call}), which
     * is text; then only tracing reads the tables.
     */
    static final CheckDefinition<Contents[]> SYSTEM_CALLS = definition(
            "system-calls",
            IntegrityCheck.SYSTEM_CALLS,
            List.of(
                    new Layout("sys_call_table", 8, "x64_sys_call"),
                    new Layout("ia32_sys_call_table", 8, "ia32_sys_call"),
                    new Layout("x32_sys_call_table", 8, "x32_sys_call")));

    static final CheckDefinition<Contents[]> INTERRUPTS = definition(
            "interrupt-table",
            IntegrityCheck.INTERRUPT_TABLE,
            List.of(new Layout("idt_table", 16, "")));

    private static final int LARGEST = 1 << 16;

    private final CheckedGuest guest;
    private final Kernel kernel;
    private final VirtualMemory memory;
    private final List<Recorded> tables = new ArrayList<>();

    /**
     * How a table looks.
     *
     * @param symbol its name
     * @param entrySize bytes of an entry: 8 for a pointer, 16 for a gate of the interrupt table
     * @param replacedBy a function that does the table's work in kernels that have it, or empty
     */
    record Layout(String symbol, int entrySize, String replacedBy) {}

    /**
     * A table as the baseline keeps it.
     *
     * @param symbol its name
     * @param address guest virtual address
     * @param contents its bytes
     */
    record Contents(String symbol, String address, String contents) {}

    private record Recorded(Layout layout, long address, byte[] bytes) {}

    private TableCheck(CheckedGuest guest) {
        this.guest = guest;
        kernel = guest.kernel();
        memory = guest.memory();
    }

    private static CheckDefinition<Contents[]> definition(
            String name, IntegrityCheck group, List<Layout> layouts) {
        return new CheckDefinition<>(
                name,
                group,
                Contents[].class,
                guest -> Optional.of(record(guest, layouts)),
                (guest, kept, directory) -> resume(guest, layouts, List.of(kept)));
    }

    /** Records those of the tables that the kernel has. */
    private static TableCheck record(CheckedGuest guest, List<Layout> layouts)
            throws GuestMemoryException {
        TableCheck check = new TableCheck(guest);
        for (Layout layout : layouts) {
            for (Symbol table : check.kernel.symbols(layout.symbol())) {
                int length = (int) Math.min(table.extent(), LARGEST);
                check.tables.add(new Recorded(
                        layout, table.address(), check.memory.read(table.address(), length)));
            }
        }
        return check;
    }

    private static TableCheck resume(
            CheckedGuest guest, List<Layout> layouts, List<Contents> kept) {
        TableCheck check = new TableCheck(guest);
        for (Layout layout : layouts) {
            kept.stream()
                    .filter(table -> table.symbol().equals(layout.symbol()))
                    .forEach(table -> check.tables.add(new Recorded(
                            layout,
                            Baseline.number(table.address()),
                            HexFormat.of().parseHex(table.contents()))));
        }
        return check;
    }

    @Override
    public Optional<Object> section(Path directory) {
        return Optional.of(tables.stream()
                .map(table -> new Contents(
                        table.layout().symbol(),
                        Long.toHexString(table.address()),
                        HexFormat.of().formatHex(table.bytes())))
                .toList());
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        for (Recorded table : tables) {
            byte[] now = memory.read(table.address(), table.bytes().length);
            findings.compared(now.length);
            int size = table.layout().entrySize();
            for (int at = 0; at + size <= now.length; at += size) {
                if (!Arrays.equals(table.bytes(), at, at + size, now, at, at + size)) {
                    long va = table.address() + at;
                    boolean replaced =
                            kernel.symbol(table.layout().replacedBy()).isPresent();
                    findings.add(
                            FindingCode.TABLE_ENTRY_CHANGED,
                            table.layout().symbol() + "[" + at / size + "]",
                            OptionalLong.of(va),
                            OptionalLong.of(memory.physical(va)),
                            new Evidence.TableEntry(
                                    target(table.layout(), table.bytes(), at),
                                    attributes(table.layout(), table.bytes(), at),
                                    target(table.layout(), now, at),
                                    attributes(table.layout(), now, at),
                                    replaced
                                            ? Optional.of(table.layout().replacedBy())
                                            : Optional.empty()));
                }
            }
        }
    }

    private Evidence.Address target(Layout layout, byte[] bytes, int at) {
        ByteBuffer entry = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long address = layout.entrySize() == 8
                ? entry.getLong(at)
                : (entry.getShort(at) & 0xffffL)
                        | (entry.getShort(at + 6) & 0xffffL) << 16
                        | (long) entry.getInt(at + 8) << 32;
        return guest.address(address);
    }

    private static OptionalInt attributes(Layout layout, byte[] bytes, int at) {
        ByteBuffer entry = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        return layout.entrySize() == 8 ? OptionalInt.empty() : OptionalInt.of(entry.getInt(at + 2));
    }
}
