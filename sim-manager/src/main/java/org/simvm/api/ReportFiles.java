// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.nio.file.Path;
import org.simvm.incident.IncidentReports;
import org.simvm.integrity.CheckReport;
import org.simvm.registry.ManagedDomain;
import org.simvm.state.DomainDirectories;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps each domain's last report in {@code findings.json} of its state directory, for people and
 * their tools; no manager reads it.
 */
public final class ReportFiles {
    private static final Logger log = LoggerFactory.getLogger(ReportFiles.class);
    private static final int FORMAT = 1;

    private final DomainDirectories directories;

    public ReportFiles(DomainDirectories directories) {
        this.directories = directories;
    }

    /** Replaces a domain's report. A disk that is full costs the report, which the log says. */
    public void keep(ManagedDomain domain, CheckReport report) {
        Path file = directories.state(domain.uuid()).resolve("findings.json");
        try {
            StateFile.replace(file, FORMAT, IncidentReports.of(report), StateFile.Safety.PROCESS);
        } catch (IOException e) {
            log.error("{}: {} can't be written: {}", domain.name(), file, e.toString());
        }
    }
}
