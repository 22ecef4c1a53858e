// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.host.GateOffer.Standing;
import org.simvm.host.KvmReport.Presence;
import org.simvm.settings.Gate;

@DisplayName("What a host tells of its gates")
class GateOfferTests {
    private static final HostCpu INTEL = new HostCpu(true, false, true, true, false);
    private static final HostCpu INTEL_WITHOUT_VMFUNC =
            new HostCpu(true, false, true, false, false);
    private static final HostCpu AMD = new HostCpu(false, true, false, false, false);
    private static final HostCpu VIRTUAL = new HostCpu(false, false, false, false, true);
    private static final KvmReport STOCK =
            new KvmReport(Presence.USABLE, "", false, false, List.of());
    private static final KvmReport PATCHED =
            new KvmReport(Presence.USABLE, "", true, true, List.of());
    private static final KvmReport PATCHED_WITHOUT_VMFUNC =
            new KvmReport(Presence.USABLE, "", false, true, List.of());
    private static final KvmReport OLD =
            new KvmReport(Presence.USABLE, "", false, false, List.of("KVM_CAP_X86_MSR_FILTER"));

    /**
     * Those of type kvm, as {@code gate standing[*]: advice}; the star marks what gate='auto'
     * takes.
     */
    private static List<String> kvm(KvmReport kvm, HostCpu cpu) {
        return GateOffer.of(kvm, cpu).stream()
                .filter(offer -> offer.domainType().equals("kvm"))
                .map(offer -> offer.gate().xmlName() + " " + offer.standing()
                        + (offer.automatic() ? "*" : "") + ": " + offer.advice())
                .toList();
    }

    @Test
    @DisplayName("Intel with VMFUNC and a patched KVM: every gate, and vmfunc by itself")
    void patchedIntel() {
        assertEquals(
                List.of("vmfunc OFFERED*: ", "hypercall OFFERED: ", "exit OFFERED: "),
                kvm(PATCHED, INTEL));
    }

    @Test
    @DisplayName("a stock KVM: the gate exit, and what would make it faster")
    void stock() {
        assertEquals(
                List.of(
                        "vmfunc LACKING: the CPU has VMFUNC, but KVM is not patched; install "
                                + "the kernel with SIM's patches"
                                + " (native-qemu-patch/linux), and a call costs no exit",
                        "hypercall LACKING: KVM is not patched; install the kernel with SIM's "
                                + "patches (native-qemu-patch/linux)",
                        "exit OFFERED*: "),
                kvm(STOCK, INTEL));
        assertTrue(kvm(STOCK, INTEL_WITHOUT_VMFUNC)
                .get(0)
                .endsWith("this CPU shows no VMFUNC (eptp_switching in /proc/cpuinfo);"
                        + " gate 'hypercall' would be the fastest here, with "
                        + "the kernel with SIM's patches (native-qemu-patch/linux)"));
    }

    @Test
    @DisplayName("AMD: no VMFUNC whatever the kernel")
    void amd() {
        assertEquals(
                "vmfunc LACKING: AMD's CPUs have no VMFUNC; gate 'hypercall' is the fastest here",
                kvm(PATCHED_WITHOUT_VMFUNC, AMD).get(0));
        assertEquals("hypercall OFFERED*: ", kvm(PATCHED_WITHOUT_VMFUNC, AMD).get(1));
        assertTrue(kvm(STOCK, AMD)
                .get(0)
                .contains("AMD's CPUs have no VMFUNC; gate 'hypercall' would be"));
        assertEquals("exit OFFERED*: ", kvm(STOCK, AMD).get(2));
    }

    @Test
    @DisplayName("a patched KVM that has no VMFUNC to give: because of the CPU, of EPT, or of the "
            + "machine below")
    void patchedWithoutVmfunc() {
        assertTrue(kvm(PATCHED_WITHOUT_VMFUNC, INTEL)
                .get(0)
                .contains("KVM does not offer it; load kvm_intel with ept=1"));
        assertTrue(kvm(PATCHED_WITHOUT_VMFUNC, INTEL_WITHOUT_VMFUNC)
                .get(0)
                .endsWith("gate 'hypercall' is the fastest here"));
        assertTrue(kvm(PATCHED_WITHOUT_VMFUNC, new HostCpu(true, false, true, false, true))
                .get(0)
                .endsWith("have this virtual machine's host pass it on"));
    }

    @Test
    @DisplayName("no /dev/kvm: one line, and the next step by the CPU")
    void noKvm() {
        KvmReport missing = KvmReport.unusable(Presence.MISSING, "there is no /dev/kvm");
        assertEquals(
                List.of("auto LACKING: there is no /dev/kvm; load kvm_intel, or use <domain "
                        + "type='qemu'>"),
                kvm(missing, INTEL));
        assertTrue(kvm(missing, AMD).get(0).contains("load kvm_amd"));
        assertTrue(kvm(missing, VIRTUAL).get(0).contains("host turn nested virtualization on"));
        assertTrue(kvm(missing, new HostCpu(false, false, false, false, false))
                .get(0)
                .contains("in the firmware"));
    }

    @Test
    @DisplayName("no permission: the user may have asked as somebody else than the manager")
    void noPermission() {
        assertEquals(
                List.of("auto LACKING: this user may not open /dev/kvm; ask as root, as which "
                        + "sim-manager runs"),
                kvm(
                        KvmReport.unusable(Presence.FORBIDDEN, "this user may not open /dev/kvm"),
                        INTEL));
    }

    @Test
    @DisplayName("a KVM that can't be used at all is wrong, not only slow")
    void impossible() {
        assertTrue(kvm(KvmReport.unusable(Presence.BROKEN, "/dev/kvm does not answer"), INTEL)
                .get(0)
                .startsWith("auto IMPOSSIBLE: /dev/kvm does not answer; see dmesg"));
        assertEquals(
                "exit IMPOSSIBLE: KVM lacks KVM_CAP_X86_MSR_FILTER; use Linux 5.10 or newer",
                kvm(OLD, INTEL).get(2));
    }

    @Test
    @DisplayName("software emulation has vmfunc and exit on every host")
    void emulated() {
        for (KvmReport report :
                List.of(PATCHED, STOCK, KvmReport.unusable(Presence.MISSING, "there is none"))) {
            assertEquals(
                    List.of(
                            new GateOffer("qemu", Gate.VMFUNC, Standing.OFFERED, true, ""),
                            new GateOffer("qemu", Gate.EXIT, Standing.OFFERED, false, "")),
                    GateOffer.of(report, AMD).stream()
                            .filter(offer -> offer.domainType().equals("qemu"))
                            .toList());
        }
    }

    @Test
    @DisplayName("what gate='auto' takes is what GateChoice would choose")
    void agreesWithTheChoice() throws Exception {
        for (HostCpu cpu : List.of(INTEL, INTEL_WITHOUT_VMFUNC, AMD)) {
            for (KvmReport report : List.of(PATCHED, STOCK, PATCHED_WITHOUT_VMFUNC)) {
                GateOffer automatic = GateOffer.of(report, cpu).stream()
                        .filter(GateOffer::automatic)
                        .findFirst()
                        .orElseThrow();
                assertEquals(
                        automatic.gate().xmlName(),
                        new GateChoice(() -> report, () -> cpu)
                                .choose(Gate.AUTO, "kvm")
                                .wireName());
                assertEquals(Standing.OFFERED, automatic.standing());
            }
        }
    }
}
