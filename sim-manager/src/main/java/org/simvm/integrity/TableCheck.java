// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Symbol;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Compares tables that say where the kernel's entry points are: system calls of each kind and interrupts.
 * They are read-only from before the first program on.
 */
final class TableCheck implements Check {
    private static final List<Layout> TABLES =
            List.of(new Layout("sys_call_table", 8), new Layout("ia32_sys_call_table", 8),
            new Layout("x32_sys_call_table", 8), new Layout("idt_table", 16));
    private static final int LARGEST = 1 << 16;

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final List<Recorded> tables = new ArrayList<>();

    private record Layout(String symbol, int entrySize) {
    }

    private record Recorded(Layout layout, long address, byte[] bytes) {
    }

    private TableCheck(ArmedGuest guest) {
        kernel = guest.kernel();
        memory = new VirtualMemory(guest.kernelTables());
    }

    /** Records those tables that the kernel has: later ones call system calls by a {@code switch}. */
    static TableCheck record(ArmedGuest guest) throws GuestMemoryException {
        TableCheck check = new TableCheck(guest);
        for (Layout layout : TABLES) {
            for (Symbol table : check.kernel.symbols(layout.symbol())) {
                int length = (int) Math.min(table.extent(), LARGEST);
                check.tables.add(new Recorded(layout, table.address(),
                        check.memory.read(table.address(), length)));
            }
        }
        return check;
    }

    List<Baseline.Table> baseline() {
        return tables.stream().map(table -> new Baseline.Table(table.layout().symbol(),
                Long.toHexString(table.address()), table.bytes().length,
                Digests.sha256(ByteBuffer.wrap(table.bytes())))).toList();
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
                    findings.add(table.layout().symbol() + "[" + at / size + "]", OptionalLong.of(va),
                            OptionalLong.of(memory.physical(va)), target(table.layout(), table.bytes(), at),
                            target(table.layout(), now, at));
                }
            }
        }
    }

    private String target(Layout layout, byte[] bytes, int at) {
        ByteBuffer entry = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        long address = layout.entrySize() == 8 ? entry.getLong(at)
                : entry.getShort(at) & 0xffffL | (entry.getShort(at + 6) & 0xffffL) << 16
                        | (long) entry.getInt(at + 8) << 32;
        return kernel.symbolAt(address).map(symbol -> symbol + " ").orElse("")
                + String.format("(0x%x)", address);
    }
}
