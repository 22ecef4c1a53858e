// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;

import org.simvm.integrity.Finding;
import org.simvm.policy.Incident;
import org.simvm.qmp.SimViolation;

/** Shows incidents as JSON. Addresses are strings: a JSON number would lose bits. */
public final class IncidentJson {
    private IncidentJson() {}

    public static ObjectNode of(Incident incident) {
        ObjectNode json = incident.violation()
                .map(IncidentJson::violation)
                .orElseGet(() -> finding(incident.finding().orElseThrow()));
        json.put("action", incident.action().xmlName());
        json.put("text", incident.oneLine());
        if (incident.suppressed() > 0) {
            json.put("suppressed", incident.suppressed());
        }
        return json;
    }

    public static ObjectNode violation(SimViolation violation) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("time", violation.time().toString());
        json.put("incident", "violation");
        json.put("sequence", violation.sequence());
        json.put("kind", violation.kind());
        json.put("failStop", violation.failStop());
        json.put("cpu", violation.cpu());
        json.put("view", violation.view());
        json.put("access", violation.access());
        json.put("size", violation.size());
        json.put("gpa", hex(violation.gpa()));
        violation.gva().ifPresent(gva -> json.put("gva", hex(gva)));
        json.put("rip", hex(violation.rip()));
        json.put("cr3", hex(violation.cr3()));
        json.put("cpl", violation.cpl());
        violation.value().ifPresent(value -> json.put("value", hex(value)));
        violation.control().ifPresent(control -> json.put("control", control));
        violation.vector().ifPresent(vector -> json.put("vector", vector));
        violation.bytes().ifPresent(bytes -> json.put("bytes", bytes));
        return json;
    }

    public static ObjectNode finding(Finding finding) {
        ObjectNode json = JsonNodeFactory.instance.objectNode();
        json.put("time", finding.time().toString());
        json.put("incident", "finding");
        json.put("class", finding.findingClass().xmlName());
        json.put("code", finding.code().word());
        json.put("subject", finding.subject());
        finding.va().ifPresent(va -> json.put("va", hex(va)));
        finding.gpa().ifPresent(gpa -> json.put("gpa", hex(gpa)));
        json.put("expected", finding.expected());
        json.put("found", finding.found());
        json.put("guestControlled", finding.guestControlled());
        return json;
    }

    public static String hex(long value) {
        return "0x" + Long.toHexString(value);
    }
}
