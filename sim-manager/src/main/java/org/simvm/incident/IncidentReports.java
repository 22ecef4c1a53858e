// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import java.util.Optional;
import java.util.OptionalLong;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.Finding;
import org.simvm.policy.Incident;
import org.simvm.protocol.Address;
import org.simvm.protocol.FindingReport;
import org.simvm.protocol.IncidentKind;
import org.simvm.protocol.IncidentReport;
import org.simvm.protocol.RoundReport;
import org.simvm.protocol.ViolationReport;
import org.simvm.qmp.SimViolation;

/** Incidents, and rounds of checks, as the protocol shows them. */
public final class IncidentReports {
    private IncidentReports() {}

    /** Shows an incident. */
    public static IncidentReport of(Incident incident) {
        return incident instanceof Incident.Broken broken
                ? violation(broken)
                : finding(
                        ((Incident.Found) incident).finding(),
                        Optional.of(incident.action().xmlName()),
                        IncidentText.oneLine(incident),
                        suppressed(incident));
    }

    private static ViolationReport violation(Incident.Broken incident) {
        SimViolation violation = incident.violation();
        return new ViolationReport(
                violation.time(),
                IncidentKind.VIOLATION,
                violation.sequence(),
                violation.kind(),
                violation.failStop(),
                violation.cpu(),
                violation.view(),
                violation.access(),
                violation.size(),
                new Address(violation.gpa()),
                address(violation.gva()),
                new Address(violation.rip()),
                new Address(violation.cr3()),
                violation.cpl(),
                address(violation.value()),
                violation.control(),
                violation.vector(),
                violation.bytes(),
                Optional.of(incident.action().xmlName()),
                IncidentText.oneLine(incident),
                suppressed(incident));
    }

    private static FindingReport finding(
            Finding finding, Optional<String> action, String text, OptionalLong suppressed) {
        return new FindingReport(
                finding.time(),
                IncidentKind.FINDING,
                finding.findingClass().xmlName(),
                finding.code().word(),
                finding.subject(),
                address(finding.va()),
                address(finding.gpa()),
                finding.expected(),
                finding.found(),
                finding.guestControlled(),
                action,
                text,
                suppressed);
    }

    private static OptionalLong suppressed(Incident incident) {
        return incident.suppressed() > 0
                ? OptionalLong.of(incident.suppressed())
                : OptionalLong.empty();
    }

    private static Optional<Address> address(OptionalLong value) {
        return value.isPresent() ? Optional.of(new Address(value.getAsLong())) : Optional.empty();
    }

    /** Shows a round of checks. */
    public static RoundReport of(CheckReport report) {
        return new RoundReport(
                report.started(),
                report.took().toNanos() / 1e6,
                report.bytes(),
                report.gigabytesPerSecond(),
                report.results().stream().map(IncidentReports::result).toList());
    }

    private static RoundReport.Result result(CheckReport.Result result) {
        return new RoundReport.Result(
                result.check().xmlName(),
                result.took().toNanos() / 1e6,
                result.bytes(),
                result.findings().stream()
                        .map(finding -> finding(
                                finding, Optional.empty(), finding.oneLine(), OptionalLong.empty()))
                        .toList(),
                result.information().stream()
                        .map(seen -> new RoundReport.Information(
                                seen.subject(), seen.text(), address(seen.va())))
                        .toList());
    }
}
