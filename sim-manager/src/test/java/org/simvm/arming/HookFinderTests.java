// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Parameter;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.memory.RamBlock;
import org.simvm.guest.paging.PageTables;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.region.HookDeclaration;
import org.simvm.region.RegionPlan;

class HookFinderTests {
    private static final Parameter NUMBER = new Parameter.Number();
    private static final Parameter REGISTERS = new Parameter.Pointer("pt_regs");
    private static final HookDeclaration NEW = call(1, "pt_regs*", "number");
    private static final HookDeclaration OLD = call(2, "number", "pt_regs*");
    private static final byte[] STACK_IS_FIRST = {0x48, (byte) 0x89, (byte) 0xe7};
    private static final byte[] STACK_IS_SECOND = {0x48, (byte) 0x89, (byte) 0xe6};

    @TempDir
    Path folder;

    private SyntheticGuest guest;

    @BeforeEach
    void guest() throws Exception {
        guest = new SyntheticGuest(folder.resolve("ram"));
    }

    @AfterEach
    void close() throws Exception {
        guest.close();
    }

    private static HookDeclaration call(int id, String... parameters) {
        return new HookDeclaration(
                HookDeclaration.Kind.CALL,
                "do_syscall_64",
                List.of(parameters),
                "entry_SYSCALL_64_after_hwframe",
                0,
                id,
                1,
                false);
    }

    private static HookDeclaration fentry(String function, String... parameters) {
        return new HookDeclaration(
                HookDeclaration.Kind.FENTRY, function, List.of(parameters), "", 0, 3, 0, false);
    }

    private FoundHook find(HookDeclaration... hooks) throws Exception {
        Kernel kernel = guest.kernel();
        RamBlock ram = new RamBlock(0, SyntheticGuest.RAM, folder.resolve("ram"), 0);
        try (MappedGuestMemory memory = MappedGuestMemory.map(List.of(ram))) {
            VirtualMemory virtual =
                    new VirtualMemory(new PageTables(memory, SyntheticGuest.CR3, 4));
            return new HookFinder(kernel, virtual)
                    .find(SyntheticMonitors.plan(List.of(hooks)).monitors().stream()
                            .map(RegionPlan.PlannedMonitor::program)
                            .toList())
                    .get(0);
        }
    }

    private void refuses(String reason, HookDeclaration... hooks) {
        ArmingException refusal = assertThrows(ArmingException.class, () -> find(hooks));
        assertEquals(ArmingFailure.Kind.HOOK_SITE, refusal.kind());
        assertTrue(refusal.getMessage().contains(reason), refusal.getMessage());
    }

    @Nested
    class Prototypes {
        @Test
        void chooseTheHandlerByTheOrderOfArguments() throws Exception {
            guest.takes("do_syscall_64", REGISTERS, NUMBER);
            assertEquals(1, find(NEW, OLD).declaration().id());
            guest.takes("do_syscall_64", NUMBER, REGISTERS);
            assertEquals(2, find(NEW, OLD).declaration().id());
        }

        @Test
        void comeFromTheEntryCodeWhereBtfHasNone() throws Exception {
            guest.beforeCall(STACK_IS_FIRST);
            assertEquals(1, find(NEW, OLD).declaration().id());
            guest.boot();
            guest.beforeCall(STACK_IS_SECOND);
            assertEquals(2, find(NEW, OLD).declaration().id());
        }

        @Test
        void areRefusedIfTheEntryCodeDoesNotTell() {
            refuses("does not pass pt_regs* as argument 1 of do_syscall_64", NEW, OLD);
        }

        @Test
        void areRefusedIfNoHandlerFits() {
            guest.takes("do_syscall_64", NUMBER, NUMBER);
            refuses(
                    "do_syscall_64 takes (number,number), and the monitor reads (pt_regs*,number)",
                    NEW,
                    OLD);
            guest.takes("do_exit", new Parameter.Pointer("kernel_siginfo"));
            refuses(
                    "do_exit takes (kernel_siginfo*), and the monitor reads (number)",
                    fentry("do_exit", "number"));
            refuses(
                    "BTF does not tell what wake_up_new_task takes",
                    fentry("wake_up_new_task", "task_struct*"));
        }

        @Test
        void mayHaveMoreParametersThanAreRead() throws Exception {
            guest.takes("do_exit", NUMBER, REGISTERS);
            assertEquals(3, find(fentry("do_exit", "number")).declaration().id());
        }
    }

    @Nested
    class Names {
        @ParameterizedTest
        @ValueSource(strings = {"do_exit.llvm.1234567890", "do_exit.lto_priv.0"})
        void areThoseThatACompilerMadeUnique(String name) throws Exception {
            long address = find(fentry("do_exit")).address();
            guest.names("do_exit", name, false);
            assertEquals(address, find(fentry("do_exit")).address());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "do_exit.llvm.1234567890",
                    "do_exit.cold",
                    "do_exit.isra.0.cold",
                    "do_exit.localalias"
                })
        void mayHaveAnAliasOrAPieceThatNobodyCalls(String name) throws Exception {
            long address = find(fentry("do_exit")).address();
            guest.names("do_exit", name, true);
            assertEquals(address, find(fentry("do_exit")).address());
        }

        @ParameterizedTest
        @ValueSource(
                strings = {
                    "do_exit.isra.0",
                    "do_exit.constprop.0",
                    "do_exit.part.0",
                    "do_exit.unheard_of"
                })
        void areRefusedForACopyWithOtherArguments(String name) {
            guest.names("plain_function", name, true);
            refuses("made " + name + " of it", fentry("do_exit"));
            guest.names("do_exit", name, false);
            refuses("made " + name + " of it", fentry("do_exit"));
        }

        @Test
        void areRefusedIfSeveralFunctionsHaveThem() {
            guest.names("plain_function", "do_exit.llvm.1", true);
            refuses("2 functions called do_exit", fentry("do_exit"));
        }

        @Test
        void ofACallAreThoseOfTheFunctionThatIsCalled() throws Exception {
            guest.takes("do_syscall_64", REGISTERS, NUMBER);
            long address = find(NEW).address();
            guest.names("plain_function", "do_syscall_64.llvm.1", true);
            assertEquals(address, find(NEW).address());
        }
    }
}
