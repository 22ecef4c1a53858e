// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.util.List;
import java.util.stream.Stream;
import org.simvm.arming.DomainArming;
import org.simvm.host.GateChoice;
import org.simvm.metrics.CheckDurations;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running manager: everything is started by {@link #start} and stopped by {@link #close}. */
public final class Manager implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Manager.class);

    private final StartedParts parts;
    private final Administration administration;

    private Manager(StartedParts parts, Administration administration) {
        this.parts = parts;
        this.administration = administration;
    }

    /** Starts a manager whose settings stay as they are. */
    public static Manager start(ManagerSettings settings) throws StartException {
        return start(settings, () -> settings);
    }

    /**
     * Starts a manager: takes the lock, takes up guests that run already, opens the control socket,
     * and begins to connect to libvirt, for which it does not wait.
     *
     * @param source asked for new settings by {@link #reload}
     * @throws StartException in one line, why not and the next step
     */
    public static Manager start(ManagerSettings settings, SettingsSource source)
            throws StartException {
        return start(settings, source, GateChoice.ofHost());
    }

    static Manager start(ManagerSettings settings, SettingsSource source, GateChoice gates)
            throws StartException {
        StartedParts parts = new StartedParts();
        boolean started = false;
        try {
            HostDirectories.create(settings);
            parts.add(InstanceLock.take(settings.runDirectory()));
            Manager manager = start(settings, source, gates, parts);
            started = true;
            log.info("ready: {}, {}", settings.controlSocket(), settings.libvirtUri());
            manager.administration.ready();
            return manager;
        } catch (IOException e) {
            throw new StartException(
                    "sim-manager can't start: " + e + "; it needs to write "
                            + settings.runDirectory() + " and " + settings.stateDirectory()
                            + " (are you root?)",
                    e);
        } finally {
            if (!started) {
                parts.close();
            }
        }
    }

    private static Manager start(
            ManagerSettings settings, SettingsSource source, GateChoice gates, StartedParts parts)
            throws IOException, StartException {
        DomainArming.warmUp();
        Foundations base = Foundations.start(settings, source, parts);
        CheckDurations durations = new CheckDurations();
        DomainServices domains = DomainServices.of(base, gates, durations);
        ServiceNotification service = new ServiceNotification();
        Administration administration = new Administration(
                base.settings(), service, domains.registry(), domains.libvirt(), base.outlets());
        parts.add(administration::stopped);
        domains.start(base, administration, parts);
        Interfaces interfaces =
                Interfaces.start(settings, base, domains, durations, administration, parts);
        service.watchdogMicroseconds()
                .ifPresent(period -> parts.add(new WatchdogNotifier(
                                period,
                                Stream.of(
                                                interfaces.healthProblems(),
                                                domains.healthProblems(),
                                                base.healthProblems())
                                        .flatMap(List::stream)
                                        .toList(),
                                service::alive,
                                administration::status))
                        .start());
        parts.add(service::stopping);
        return new Manager(parts, administration);
    }

    /**
     * Reads the configuration again and puts it in force, as far as a running manager can. If
     * anything is wrong with it, all of that is logged, and the old one stays in force.
     *
     * @return what has changed, and what waits for the next start
     * @throws SettingsException everything that is wrong
     */
    public SettingsReload reload() throws SettingsException {
        return administration.reload();
    }

    /** Stops the manager; guests run on, and the next manager takes them up. */
    @Override
    public void close() {
        parts.close();
        log.info("stopped");
    }
}
