// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.TableEntry;
import org.simvm.guest.paging.TableLevel;
import org.simvm.guest.paging.VirtualMemory;

@Tag("integration")
@DisplayName("Debian's cloud kernel")
class DebianKernelTests {
    private static final Map<String, Integer> LEAST_SYMBOLS =
            Map.of("6.1", 80_000, "6.12", 150_000, "7", 180_000);

    /** Offsets in {@code task_struct} of exactly these releases; others may have moved members. */
    private static final Map<String, Map<String, Integer>> KNOWN_OFFSETS = Map.of(
            "6.1.0-56-cloud-amd64", offsets(2416, 2420, 2976, 2432, 2960, 2272),
            "6.12.117+deb13-cloud-amd64", offsets(2432, 2436, 2976, 2448, 2960, 2304),
            "7.2.13+deb14-cloud-amd64", offsets(2808, 2812, 3344, 2824, 3328, 2680));

    private static Map<String, Integer> offsets(
            int pid, int tgid, int comm, int parent, int cred, int mm) {
        return Map.of(
                "pid",
                pid,
                "tgid",
                tgid,
                "comm",
                comm,
                "real_parent",
                parent,
                "cred",
                cred,
                "mm",
                mm);
    }

    @ParameterizedTest(name = "{0} is resolved on {1} with {2} MiB, user space: {3}")
    @CsvSource({
        "6.1,  'max',          4608, false",
        "6.1,  'max,la57=off', 1024, true",
        "6.12, 'max',          4608, false",
        "6.12, 'max,la57=off', 1024, true",
        "7,    'max',          4608, false",
        "7,    'max,la57=off', 1024, true",
    })
    void isResolved(String series, String cpu, int megabytes, boolean userSpace) throws Exception {
        String cache = System.getenv()
                .getOrDefault("SIM_CACHE_DIR", System.getProperty("user.home") + "/.cache/sim");
        Path vmlinuz = Path.of(cache, "kernels", series, "vmlinuz");
        assumeTrue(
                Files.isReadable(vmlinuz),
                "skipped: no kernel at " + vmlinuz + " (./dev fetches it)");
        assumeTrue(
                EmulatedGuest.qemu().isPresent(),
                "skipped: no QEMU (package qemu-system-x86, or ./dev build)");
        assumeTrue(
                !userSpace || EmulatedGuest.hasUserSpace(),
                "skipped: no /bin/busybox (package busybox-static)");

        try (EmulatedGuest guest = new EmulatedGuest(vmlinuz, cpu, megabytes, userSpace);
                MappedGuestMemory memory = MappedGuestMemory.map(guest.ram())) {
            PageTables tables = PageTables.of(memory, guest.cr3(), guest.cr4());
            VirtualMemory virtual = new VirtualMemory(tables);
            assertEquals(cpu.contains("la57=off") ? 4 : 5, tables.levels());

            Kernel kernel = KernelResolver.resolve(virtual, OptionalLong.empty());
            System.out.printf(
                    "%s: %d symbols, %d types, image %s at 0x%x, %s%n",
                    kernel.version(),
                    kernel.symbolCount(),
                    kernel.typeCount(),
                    kernel.image(),
                    virtual.physical(kernel.image().start()),
                    kernel.times());
            assertTrue(kernel.version().startsWith(series + "."), kernel.version());
            assertTrue(kernel.buildId().orElse("").matches("[0-9a-f]{40}"), "build ID");
            assertTrue(
                    kernel.symbolCount() > LEAST_SYMBOLS.get(series),
                    () -> "symbols: " + kernel.symbolCount());
            assertTrue(kernel.typeCount() > 90_000, () -> "types: " + kernel.typeCount());
            assertAll(KNOWN_OFFSETS.getOrDefault(kernel.version(), Map.of()).entrySet().stream()
                    .map(member -> () -> assertEquals(
                            member.getValue(),
                            kernel.requireOffset("task_struct." + member.getKey()))));

            systemCallEntry(virtual, kernel);
            tasks(virtual, kernel, userSpace);
            gateSlots(virtual, kernel);
            functionBounds(kernel);
        }
    }

    /**
     * What LSTAR holds begins with {@code swapgs}, perhaps after {@code endbr64}; any other value
     * is refused.
     */
    private static void systemCallEntry(VirtualMemory virtual, Kernel kernel) throws Exception {
        long entry = kernel.requireSymbol("entry_SYSCALL_64");
        byte[] code = virtual.read(entry, 7);
        int at = code[0] == (byte) 0xf3 ? 4 : 0;
        assertEquals(
                List.of((byte) 0x0f, (byte) 0x01, (byte) 0xf8),
                List.of(code[at], code[at + 1], code[at + 2]));
        assertTrue(kernel.text().contains(entry));
        assertEquals(
                kernel.symbolCount(), KernelResolver.resolve(virtual, entry).symbolCount());
        KernelUnresolvedException e = assertThrows(
                KernelUnresolvedException.class, () -> KernelResolver.resolve(virtual, entry + 16));
        assertEquals(KernelUnresolvedException.Step.VERIFICATION, e.step());
    }

    /** Follows the guest's list of tasks by the offsets: it closes, and pid 1 is in it. */
    private static void tasks(VirtualMemory virtual, Kernel kernel, boolean userSpace)
            throws Exception {
        int tasks = kernel.requireOffset("task_struct.tasks.next");
        int pid = kernel.requireOffset("task_struct.pid");
        int comm = kernel.requireOffset("task_struct.comm");
        long first = kernel.requireSymbol("init_task");
        String init = null;
        int count = 0;
        for (long task = virtual.readLong(first + tasks) - tasks;
                task != first && count < 10_000;
                task = virtual.readLong(task + tasks) - tasks, count++) {
            if (virtual.readInt(task + pid) == 1) {
                init = virtual.readString(task + comm, 16);
            }
        }
        assertTrue(count > 5 && count < 10_000, "tasks: " + count);
        // The script's first line came before the stop; how far it has come since is a matter of
        // luck.
        List<String> names = userSpace ? List.of("init", "busybox", "sleep") : List.of("swapper/0");
        assertTrue(names.contains(init), init);
    }

    /**
     * The slots for the gates in {@code level3_kernel_pgt} are found by address, and they are
     * empty.
     */
    private static void gateSlots(VirtualMemory virtual, Kernel kernel) throws Exception {
        long table = virtual.physical(kernel.requireSymbol("level3_kernel_pgt"));
        for (int slot = 508; slot <= 510; slot++) {
            long va = 0xffff_ff80_0000_0000L + ((long) slot << 30);
            TableEntry entry = virtual.tables().entry(va, TableLevel.PDPT).orElseThrow();
            assertEquals(table + 8L * slot, entry.gpa());
            assertEquals(slot == 510, entry.present());
        }
    }

    private static void functionBounds(Kernel kernel) throws Exception {
        long function = kernel.requireSymbol("kernel_clone");
        Symbol symbol = kernel.symbolAt(function + 7).orElseThrow().symbol();
        assertEquals("kernel_clone", symbol.name());
        assertTrue(symbol.function());
        assertTrue(symbol.extent() > 64 && symbol.extent() < 65536, () -> symbol.toString());
        assertFalse(kernel.symbols("wake_up_new_task").isEmpty());
        assertEquals(kernel.requireOffset("cred.uid"), kernel.requireOffset("cred.uid.val"));
    }
}
