// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import org.simvm.settings.Gate;

/**
 * Whether this host has a gate for domains of a type.
 *
 * @param domainType {@code kvm} or {@code qemu}
 * @param gate {@link Gate#AUTO} stands for all of them, where none can be had for the same reason
 * @param standing how it is
 * @param automatic it is the one that {@code gate='auto'} takes
 * @param advice why not, and the next step; empty if it is there
 */
public record GateOffer(
        String domainType, Gate gate, Standing standing, boolean automatic, String advice) {
    private static final String PATCHED_KERNEL =
            "the kernel with SIM's patches (native-qemu-patch/linux)";

    /** How it is with a gate. */
    public enum Standing {
        /** The host has it. */
        OFFERED,
        /** The host has it not, and can do without. */
        LACKING,
        /** Something is wrong: KVM is there, and its domains can have no gate. */
        IMPOSSIBLE
    }

    public GateOffer {
        Objects.requireNonNull(domainType, "domainType");
        Objects.requireNonNull(gate, "gate");
        Objects.requireNonNull(standing, "standing");
        Objects.requireNonNull(advice, "advice");
    }

    /**
     * Tells what a host has, fastest first: for KVM's domains, then for those that QEMU emulates.
     * {@code hypercall} is KVM's alone.
     */
    public static List<GateOffer> of(KvmReport kvm, HostCpu cpu) {
        List<GateOffer> offers = new ArrayList<>();
        if (kvm.usable()) {
            String exit = kvm.missingForExit().isEmpty()
                    ? ""
                    : "KVM lacks " + String.join(", ", kvm.missingForExit())
                            + "; use Linux 5.10 or newer";
            offers.add(
                    offer(Gate.VMFUNC, kvm.vmfunc() ? "" : withoutVmfunc(kvm, cpu), kvm.vmfunc()));
            offers.add(offer(
                    Gate.HYPERCALL,
                    kvm.hypercall() ? "" : withoutHypercall(kvm),
                    kvm.hypercall() && !kvm.vmfunc()));
            if (exit.isEmpty() || kvm.patched()) {
                offers.add(offer(Gate.EXIT, exit, !kvm.patched()));
            } else {
                offers.add(new GateOffer("kvm", Gate.EXIT, Standing.IMPOSSIBLE, false, exit));
            }
        } else {
            offers.add(new GateOffer(
                    "kvm",
                    Gate.AUTO,
                    kvm.presence() == KvmReport.Presence.BROKEN
                            ? Standing.IMPOSSIBLE
                            : Standing.LACKING,
                    false,
                    withoutKvm(kvm, cpu)));
        }
        offers.add(new GateOffer("qemu", Gate.VMFUNC, Standing.OFFERED, true, ""));
        offers.add(new GateOffer("qemu", Gate.EXIT, Standing.OFFERED, false, ""));
        return List.copyOf(offers);
    }

    private static GateOffer offer(Gate gate, String advice, boolean automatic) {
        return new GateOffer(
                "kvm",
                gate,
                advice.isEmpty() ? Standing.OFFERED : Standing.LACKING,
                automatic,
                advice);
    }

    private static String withoutKvm(KvmReport kvm, HostCpu cpu) {
        return kvm.reason() + "; "
                + switch (kvm.presence()) {
                    case FORBIDDEN -> "ask as root, as which sim-manager runs";
                    case BROKEN -> "see dmesg, and load kvm_intel or kvm_amd anew";
                    default ->
                        (cpu.vtx()
                                        ? "load kvm_intel"
                                        : cpu.amdv()
                                                ? "load kvm_amd"
                                                : cpu.virtual()
                                                        ? "have this virtual machine's host "
                                                                + "turn nested virtualization on"
                                                        : "turn virtualization on in the "
                                                                + "firmware, if the CPU has it")
                                + ", or use <domain type='qemu'>";
                };
    }

    private static String withoutVmfunc(KvmReport kvm, HostCpu cpu) {
        String instead = kvm.hypercall()
                ? "gate 'hypercall' is the fastest here"
                : "gate 'hypercall' would be the fastest here, with " + PATCHED_KERNEL;
        if (cpu.amdv()) {
            return "AMD's CPUs have no VMFUNC; " + instead;
        }
        if (!cpu.eptpSwitching()) {
            return "this CPU shows no VMFUNC (eptp_switching in /proc/cpuinfo); "
                    + (cpu.virtual() ? "have this virtual machine's host pass it on" : instead);
        }
        return kvm.patched()
                ? "the CPU has VMFUNC, but KVM does not offer it; load kvm_intel with ept=1, "
                        + "and see dmesg"
                : "the CPU has VMFUNC, but KVM is not patched; install " + PATCHED_KERNEL
                        + ", and a call costs no exit";
    }

    private static String withoutHypercall(KvmReport kvm) {
        return kvm.vmfunc()
                ? "this KVM has gate 'vmfunc' alone; use that, it is faster"
                : "KVM is not patched; install " + PATCHED_KERNEL;
    }
}
