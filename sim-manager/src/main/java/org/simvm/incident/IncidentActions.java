// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.UUID;
import org.simvm.libvirt.Domains;
import org.simvm.libvirt.LibvirtException;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.policy.Actions;
import org.simvm.policy.Incident;
import org.simvm.settings.FindingClass;
import org.simvm.workers.DomainWorkers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Carries out what a domain's policy decided. Whatever needs libvirt is handed to the domain's
 * worker.
 */
public final class IncidentActions implements Actions {
    private static final Logger log = LoggerFactory.getLogger(IncidentActions.class);
    private static final DateTimeFormatter STAMP =
            DateTimeFormatter.ofPattern("yyyyMMdd'T'HHmmss'Z'").withZone(ZoneOffset.UTC);

    private final UUID domain;
    private final String name;
    private final IncidentLog incidents;
    private final Path dumps;
    private final Domains libvirt;
    private final DomainWorkers workers;
    private final GuestStop stop;
    private final Outlets outlets;

    /** Stops a guest's vCPUs without libvirt. */
    @FunctionalInterface
    public interface GuestStop {
        void stop() throws IOException, InterruptedException;
    }

    /** A call to libvirt. */
    @FunctionalInterface
    private interface LibvirtCall {
        void run() throws LibvirtException, IOException;
    }

    /**
     * @param dumps where memory dumps go
     * @param stop used at once, before libvirt is asked, which may take its time
     * @param outlets told of each incident
     */
    public IncidentActions(
            UUID domain,
            String name,
            IncidentLog incidents,
            Path dumps,
            Domains libvirt,
            DomainWorkers workers,
            GuestStop stop,
            Outlets outlets) {
        this.domain = domain;
        this.name = name;
        this.incidents = incidents;
        this.dumps = dumps;
        this.libvirt = libvirt;
        this.workers = workers;
        this.stop = stop;
        this.outlets = outlets;
    }

    @Override
    public void record(Incident incident) {
        incidents.record(incident);
        outlets.accept(Notices.incident(new Notice.Domain(domain, name), incident));
    }

    @Override
    public void alert(Incident incident) {
        // Arming has said in the log what kept it from arming, and better.
        boolean logged = incident instanceof Incident.Found found
                && found.finding().findingClass() == FindingClass.ARMING_FAILED;
        if (!logged) {
            log.warn("{} ({}): {}", name, domain, IncidentText.oneLine(incident));
        }
        incidents.alert(incident);
    }

    @Override
    public void pause(Incident incident) {
        submit("pausing the guest", () -> libvirt.suspend(domain));
    }

    @Override
    public void dump(Incident incident) {
        submit("dumping the guest's memory", () -> {
            libvirt.suspend(domain);
            Files.createDirectories(
                    dumps,
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            Path file = dumps.resolve("memory-" + STAMP.format(Instant.now()) + ".elf");
            libvirt.coreDump(domain, file);
            log.warn("{} ({}): the guest's memory is in {}", name, domain, file);
        });
    }

    @Override
    public void destroy(Incident incident) {
        submit("destroying the domain", () -> libvirt.destroy(domain));
    }

    private void submit(String what, LibvirtCall call) {
        workers.submit(domain, what, () -> {
            try {
                stop.stop();
            } catch (IOException e) {
                log.debug("{} ({}): not stopped through QMP: {}", name, domain, e.getMessage());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                return;
            }
            try {
                call.run();
                log.info("{} ({}): done, as its policy says: {}", name, domain, what);
            } catch (LibvirtException | IOException e) {
                log.error("{} ({}): {} failed: {}", name, domain, what, e.getMessage());
            }
        });
    }
}
