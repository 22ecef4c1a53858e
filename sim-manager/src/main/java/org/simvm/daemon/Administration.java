// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.time.Instant;
import java.util.List;
import org.simvm.api.ManagerControl;
import org.simvm.domain.DomainState;
import org.simvm.incident.Notices;
import org.simvm.libvirt.LibvirtConnection;
import org.simvm.libvirt.LibvirtEvent;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.protocol.ManagerStatus;
import org.simvm.registry.DomainRegistry;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The manager as an administrator and systemd see it: how it is doing, its configuration that is
 * read again, and the notices about itself.
 */
final class Administration implements ManagerControl {
    private static final Logger log = LoggerFactory.getLogger(Administration.class);

    private final Instant started = Instant.now();
    private final SettingsInForce settings;
    private final ServiceNotification service;
    private final DomainRegistry registry;
    private final LibvirtConnection libvirt;
    private final Outlets outlets;

    Administration(
            SettingsInForce settings,
            ServiceNotification service,
            DomainRegistry registry,
            LibvirtConnection libvirt,
            Outlets outlets) {
        this.settings = settings;
        this.service = service;
        this.registry = registry;
        this.libvirt = libvirt;
        this.outlets = outlets;
    }

    /** Everything is started. */
    void ready() {
        notice(
                Notice.Severity.INFO,
                "started",
                "sim-manager " + ManagerVersion.text() + " is ready");
        service.ready(status());
    }

    /** Everything but the outlets has stopped. */
    void stopped() {
        notice(
                Notice.Severity.INFO,
                "stopped",
                "sim-manager stops; guests run on, unwatched until it is back");
    }

    /** Returns how the manager is doing, in one line. */
    String status() {
        return "serving " + settings.libvirtUri() + ", " + armed() + " of "
                + registry.all().size() + " domains armed";
    }

    private long armed() {
        return registry.all().stream()
                .filter(domain -> domain.state() == DomainState.ARMED)
                .count();
    }

    @Override
    public ManagerStatus about() {
        return new ManagerStatus(
                ManagerVersion.text(),
                ProcessHandle.current().pid(),
                started,
                settings.libvirtUri(),
                libvirt.isConnected(),
                registry.all().size(),
                outlets.status().stream()
                        .map(outlet -> new ManagerStatus.Outlet(
                                outlet.name(),
                                outlet.on(),
                                outlet.failing(),
                                outlet.delivered(),
                                outlet.refused(),
                                outlet.lost(),
                                outlet.waiting(),
                                outlet.bytes()))
                        .toList(),
                armed());
    }

    @Override
    public synchronized SettingsReload reload() throws SettingsException {
        service.reloading();
        try {
            SettingsReload reload = settings.reload();
            log.info(
                    "configuration read again; changed: {}",
                    reload.changed().isEmpty() ? "nothing" : String.join(", ", reload.changed()));
            if (!reload.nextStart().isEmpty()) {
                log.warn(
                        "{} take effect when sim-manager is restarted",
                        String.join(", ", reload.nextStart()));
            }
            notice(Notice.Severity.NOTICE, "reloaded", "the configuration was read again");
            return reload;
        } catch (SettingsException e) {
            e.problems().forEach(problem -> log.error("{}", problem));
            log.error(
                    "the configuration has {} mistakes; the old one stays in force",
                    e.problems().size());
            throw e;
        } catch (IOException e) {
            log.error("the control socket stays as it was: {}", e.toString());
            return new SettingsReload(settings.now(), List.of(), List.of("control.group"));
        } finally {
            service.ready(status());
        }
    }

    /** Libvirt was reached, or is away. */
    void heard(LibvirtEvent event) {
        if (event instanceof LibvirtEvent.Connected) {
            notice(
                    Notice.Severity.INFO,
                    "connected",
                    "connected to libvirt at " + settings.libvirtUri());
        } else if (event instanceof LibvirtEvent.Disconnected lost) {
            notice(
                    Notice.Severity.WARNING,
                    "disconnected",
                    "libvirt is not reachable: " + lost.reason());
        }
    }

    private void notice(Notice.Severity severity, String event, String text) {
        outlets.accept(Notices.manager(severity, event, text));
    }
}
