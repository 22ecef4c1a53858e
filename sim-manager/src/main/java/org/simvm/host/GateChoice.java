// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import java.util.function.Supplier;
import org.simvm.region.GateKind;
import org.simvm.settings.Gate;

/** Decides which gate a domain gets: the one that it names, or the fastest that the host has. */
public final class GateChoice {
    private static final String EMULATED = "<domain type='qemu'>";
    private static final String LOWER = "use gate='auto', which takes '%s' here";

    private final KvmProbe kvm;
    private final Supplier<HostCpu> cpu;

    /**
     * A choice for a host with this KVM and CPU. Both are asked only when a domain of type kvm
     * comes.
     */
    public GateChoice(KvmProbe kvm, Supplier<HostCpu> cpu) {
        this.kvm = kvm;
        this.cpu = cpu;
    }

    /** Returns a choice for this host. */
    public static GateChoice ofHost() {
        return new GateChoice(KvmDevice.ofHost(), HostCpu::ofHost);
    }

    /**
     * Chooses.
     *
     * @param wanted what the domain's settings say
     * @param domainType {@code kvm} or {@code qemu}
     * @throws GateUnavailableException the host, or software emulation, has no such gate
     */
    public GateKind choose(Gate wanted, String domainType) throws GateUnavailableException {
        if (!domainType.equals("kvm")) {
            return emulated(wanted);
        }
        KvmReport report = kvm.ask();
        if (!report.usable()) {
            throw new GateUnavailableException(report.reason()
                    + ", which <domain type='kvm'> needs; "
                    + switch (report.presence()) {
                        case FORBIDDEN -> "give sim-manager access to it, or use " + EMULATED;
                        default ->
                            "load kvm_intel or kvm_amd (is virtualization on in the "
                                    + "firmware?), or use "
                                    + EMULATED;
                    });
        }
        return switch (wanted) {
            case AUTO ->
                report.vmfunc() ? GateKind.VMFUNC : report.hypercall() ? hypercall() : exit(report);
            case VMFUNC -> vmfunc(report);
            case HYPERCALL -> {
                if (!report.hypercall()) {
                    throw new GateUnavailableException(
                            "gate='hypercall' needs a KVM with SIM's patches, which this "
                                    + "host's is not"
                                    + (report.vmfunc() ? " in full" : "") + "; "
                                    + String.format(LOWER, report.vmfunc() ? "vmfunc" : "exit"));
                }
                yield hypercall();
            }
            case EXIT -> exit(report);
        };
    }

    /** Returns the gate that a running guest has, by the word of its region's header. */
    public GateKind ofRunning(GateKind inHeader) {
        return inHeader == GateKind.VMCALL ? hypercall() : inHeader;
    }

    private static GateKind emulated(Gate wanted) throws GateUnavailableException {
        return switch (wanted) {
            case AUTO, VMFUNC -> GateKind.VMFUNC;
            case EXIT -> GateKind.EXIT;
            case HYPERCALL ->
                throw new GateUnavailableException(
                        "gate='hypercall' is a patched KVM's, and " + EMULATED
                                + " emulates the CPU in software; use gate='auto', or <domain "
                                + "type='kvm'>");
        };
    }

    private GateKind vmfunc(KvmReport report) throws GateUnavailableException {
        if (report.vmfunc()) {
            return GateKind.VMFUNC;
        }
        if (!report.patched()) {
            throw new GateUnavailableException(
                    "gate='vmfunc' needs a KVM with SIM's patches, which this host's is not;"
                            + " install the patched kernel, or " + String.format(LOWER, "exit"));
        }
        throw new GateUnavailableException("gate='vmfunc' needs a CPU with VT-x and VMFUNC, "
                + (cpu.get().amdv()
                        ? "and this one is AMD's"
                        : "which this one's KVM does not have")
                + "; "
                + String.format(LOWER, "hypercall"));
    }

    private static GateKind exit(KvmReport report) throws GateUnavailableException {
        if (!report.missingForExit().isEmpty()) {
            throw new GateUnavailableException(
                    "gate='exit' needs " + String.join(", ", report.missingForExit())
                            + " of KVM, which this host's has not; use Linux 5.10 or newer, or "
                            + EMULATED);
        }
        return GateKind.EXIT;
    }

    /** The instruction that the CPU has for it; the other one would raise an exception. */
    private GateKind hypercall() {
        return cpu.get().amdv() ? GateKind.VMMCALL : GateKind.VMCALL;
    }
}
