// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.simvm.arming.SyntheticGuest;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.memory.RamBlock;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;

/** Lists of modules, tracers and kprobes that a hostile guest wrote. */
class HostileListsTests {
    @Property(tries = 200)
    void ofRandomPointersNeverDoMoreThanFail(@ForAll long seed)
            throws IOException, KernelUnresolvedException {
        Path file = Files.createTempFile("sim-hostile", ".ram");
        try (SyntheticGuest guest = new SyntheticGuest(file);
                MappedGuestMemory memory = MappedGuestMemory.map(
                        List.of(new RamBlock(0, SyntheticGuest.RAM, file, 0)))) {
            VirtualMemory virtual =
                    new VirtualMemory(new PageTables(memory, SyntheticGuest.CR3, 4));
            Kernel kernel = guest.kernel();
            ModuleList modules = ModuleList.of(kernel, virtual).orElseThrow();
            tangle(guest, new Random(seed));
            for (Attempt attempt : List.<Attempt>of(
                    () -> modules.read().forEach(module -> tables(module, virtual)),
                    () -> ModuleList.of(kernel, virtual),
                    () -> FtraceTargets.read(kernel, virtual),
                    () -> Kprobes.read(kernel, virtual),
                    () -> PatchSites.of(kernel, virtual))) {
                try {
                    attempt.run();
                } catch (GuestMemoryException e) {
                    assertTrue(e.getMessage().length() > 10);
                }
            }
        } finally {
            Files.delete(file);
        }
    }

    private static void tables(KernelModule module, VirtualMemory virtual) {
        try {
            PatchSites.of(module, virtual, module.text(), new byte[0]);
        } catch (GuestMemoryException e) {
            assertTrue(e.getMessage().contains("0x"));
        }
    }

    /** Pointers that mostly lead to where others are, so that walks go deep. */
    private static void tangle(SyntheticGuest guest, Random random) {
        List<String> places = List.of(
                "modules",
                "module_a",
                "kprobe_table",
                "kprobe",
                "ftrace_ops_list",
                "tracer",
                "__start___jump_table",
                "__start_mcount_loc",
                "__start_static_call_sites");
        for (String place : places) {
            for (int at = 0; at < 0x200; at += 8) {
                long target = switch (random.nextInt(4)) {
                    case 0 -> 0;
                    case 1 -> random.nextLong();
                    default ->
                        guest.address(places.get(random.nextInt(places.size())))
                                + random.nextInt(64) * 8L;
                };
                guest.putLong(guest.address(place) + at, target);
            }
        }
    }

    private interface Attempt {
        void run() throws GuestMemoryException, KernelUnresolvedException;
    }
}
