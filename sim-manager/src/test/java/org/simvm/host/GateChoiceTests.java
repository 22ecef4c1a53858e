// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.simvm.host.KvmReport.Presence;
import org.simvm.region.GateKind;
import org.simvm.settings.Gate;

/** Which gate a domain gets, on every kind of host. */
class GateChoiceTests {
    private static final HostCpu INTEL = new HostCpu(true, false, true, true, false);
    private static final HostCpu AMD = new HostCpu(false, true, false, false, false);

    private static KvmReport kvm(boolean vmfunc, boolean hypercall) {
        return new KvmReport(Presence.USABLE, "", vmfunc, hypercall, List.of());
    }

    private static GateChoice host(KvmReport report, HostCpu cpu) {
        return new GateChoice(() -> report, () -> cpu);
    }

    private static String refusal(KvmReport report, HostCpu cpu, Gate wanted) {
        String message = assertThrows(
                        GateUnavailableException.class,
                        () -> host(report, cpu).choose(wanted, "kvm"))
                .getMessage();
        assertTrue(message.contains("; ") && !message.contains("\n"), message);
        return message;
    }

    @ParameterizedTest(name = "wanted {0}, KVM with VMFUNC {1}, with hypercall {2}: {3}")
    @CsvSource({
        "AUTO, true, true, VMFUNC",
        "AUTO, false, true, VMCALL",
        "AUTO, false, false, EXIT",
        "AUTO, true, false, VMFUNC",
        "VMFUNC, true, true, VMFUNC",
        "HYPERCALL, true, true, VMCALL",
        "HYPERCALL, false, true, VMCALL",
        "EXIT, true, true, EXIT",
        "EXIT, false, false, EXIT"
    })
    void underKvmTheDomainGetsWhatItNamesOrTheFastest(
            Gate wanted, boolean vmfunc, boolean hypercall, GateKind gets) throws Exception {
        assertEquals(gets, host(kvm(vmfunc, hypercall), INTEL).choose(wanted, "kvm"));
    }

    @Test
    void aHypercallIsMadeByTheInstructionThatTheCpuHas() throws Exception {
        assertEquals(GateKind.VMMCALL, host(kvm(false, true), AMD).choose(Gate.AUTO, "kvm"));
        assertEquals(GateKind.VMMCALL, host(kvm(false, true), AMD).ofRunning(GateKind.VMCALL));
        assertEquals(GateKind.VMCALL, host(kvm(false, true), INTEL).ofRunning(GateKind.VMCALL));
        assertEquals(GateKind.EXIT, host(kvm(true, true), AMD).ofRunning(GateKind.EXIT));
    }

    @Test
    void softwareEmulationNeedsNoKvmAndNeverAsksIt() throws Exception {
        GateChoice choice = new GateChoice(
                () -> {
                    throw new AssertionError("KVM was asked");
                },
                () -> {
                    throw new AssertionError("the CPU was asked");
                });
        assertEquals(GateKind.VMFUNC, choice.choose(Gate.AUTO, "qemu"));
        assertEquals(GateKind.VMFUNC, choice.choose(Gate.VMFUNC, "qemu"));
        assertEquals(GateKind.EXIT, choice.choose(Gate.EXIT, "qemu"));
        String message = assertThrows(
                        GateUnavailableException.class, () -> choice.choose(Gate.HYPERCALL, "qemu"))
                .getMessage();
        assertEquals(
                "gate='hypercall' is a patched KVM's, and <domain type='qemu'> emulates the "
                        + "CPU in software; use gate='auto',"
                        + " or <domain type='kvm'>",
                message);
    }

    @Test
    void whatTheHostLacksIsRefusedWithTheNextStep() {
        assertEquals(
                "gate='vmfunc' needs a KVM with SIM's patches, which this host's is not; "
                        + "install the patched kernel, or use"
                        + " gate='auto', which takes 'exit' here",
                refusal(kvm(false, false), INTEL, Gate.VMFUNC));
        assertEquals(
                "gate='vmfunc' needs a CPU with VT-x and VMFUNC, and this one is AMD's; use "
                        + "gate='auto', which takes"
                        + " 'hypercall' here",
                refusal(kvm(false, true), AMD, Gate.VMFUNC));
        assertTrue(refusal(kvm(false, true), INTEL, Gate.VMFUNC)
                .contains("which this one's KVM does not have"));
        assertTrue(refusal(kvm(false, false), INTEL, Gate.HYPERCALL)
                .contains("use gate='auto', which takes 'exit' here"));
        assertTrue(refusal(kvm(true, false), INTEL, Gate.HYPERCALL)
                .contains("which takes 'vmfunc' here"));
        KvmReport old =
                new KvmReport(Presence.USABLE, "", false, false, List.of("KVM_CAP_X86_MSR_FILTER"));
        for (Gate wanted : List.of(Gate.AUTO, Gate.EXIT)) {
            assertEquals(
                    "gate='exit' needs KVM_CAP_X86_MSR_FILTER of KVM, which this host's has "
                            + "not; use Linux 5.10 or newer, or"
                            + " <domain type='qemu'>",
                    refusal(old, INTEL, wanted));
        }
    }

    @Test
    void withoutAKvmThatAnswersNoGateOfItIsChosen() {
        for (Gate wanted : Gate.values()) {
            assertTrue(refusal(
                            KvmReport.unusable(Presence.MISSING, "there is no /dev/kvm"),
                            INTEL,
                            wanted)
                    .startsWith("there is no /dev/kvm, which <domain type='kvm'> needs; "
                            + "load kvm_intel"));
            assertTrue(refusal(
                            KvmReport.unusable(
                                    Presence.FORBIDDEN, "this user may not open /dev/kvm"),
                            INTEL,
                            wanted)
                    .contains("give sim-manager access to it"));
        }
    }
}
