// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.host.GateOffer;
import org.simvm.host.HostCpu;
import org.simvm.host.KvmReport;

@DisplayName("virt-sim host-validate shows gates")
class HostValidateTests {
    private static final HostCpu INTEL = new HostCpu(true, false, true, true, false);
    private static final KvmReport STOCK =
            new KvmReport(KvmReport.Presence.USABLE, "", false, false, List.of());
    private static final KvmReport OLD = new KvmReport(
            KvmReport.Presence.USABLE, "", false, false, List.of("KVM_CAP_X86_MSR_FILTER"));
    private final StringWriter out = new StringWriter();

    private int print(KvmReport kvm, boolean json) {
        return HostValidateCommand.print(
                new PrintWriter(out), HostChecks.gates(GateOffer.of(kvm, INTEL)), json);
    }

    @Test
    @DisplayName("as virt-host-validate does: a line for each, with the next step; what is only "
            + "slow is no failure")
    void text() {
        assertEquals(0, print(STOCK, false));
        List<String> lines = out.toString().lines().toList();
        assertEquals(5, lines.size());
        assertTrue(
                lines.get(0)
                        .matches("   SIM: Checking for gate 'vmfunc' of <domain type='kvm'> +: "
                                + "WARN \\(the CPU has VMFUNC.*\\)"),
                lines.get(0));
        assertTrue(
                lines.get(2)
                        .matches("   SIM: Checking for gate 'exit' of <domain type='kvm'>, "
                                + "which gate='auto' takes +: PASS"),
                lines.get(2));
        assertTrue(
                lines.get(3)
                        .matches(".*for gate 'vmfunc' of <domain type='qemu'>, which "
                                + "gate='auto' takes +: PASS"),
                lines.get(3));
    }

    @Test
    @DisplayName("as JSON: an object a line")
    void json() throws Exception {
        assertEquals(0, print(STOCK, true));
        JsonNode first =
                new ObjectMapper().readTree(out.toString().lines().findFirst().orElseThrow());
        assertEquals("warn", first.path("verdict").asText());
        assertEquals("kvm", first.path("domainType").asText());
        assertEquals("vmfunc", first.path("gate").asText());
        assertTrue(first.path("advice").asText().contains("install the kernel with SIM's patches"));
        assertTrue(!first.path("automatic").asBoolean(true));
    }

    @Test
    @DisplayName("status 1 for a KVM whose domains can have none")
    void failure() {
        assertEquals(1, print(OLD, false));
        assertTrue(
                out.toString()
                        .contains(
                                "FAIL (KVM lacks KVM_CAP_X86_MSR_FILTER; use Linux 5.10 or newer)"),
                out.toString());
    }
}
