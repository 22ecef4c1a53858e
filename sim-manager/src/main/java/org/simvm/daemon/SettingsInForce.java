// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.simvm.events.EventLogs;
import org.simvm.prepare.PrepareSettings;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;
import org.simvm.state.DomainHistory;

/**
 * The settings that are in force, handed to each part as the record that it needs, and exchanged as
 * a whole when the configuration is read again.
 */
final class SettingsInForce {
    private final SettingsSource source;
    private final List<Follower> followers = new ArrayList<>();
    private volatile ManagerSettings now;

    /** A part that is told of new settings. */
    @FunctionalInterface
    interface Follower {
        void take(ManagerSettings settings) throws IOException;
    }

    SettingsInForce(ManagerSettings first, SettingsSource source) {
        this.now = first;
        this.source = source;
    }

    ManagerSettings now() {
        return now;
    }

    String libvirtUri() {
        return now.libvirtUri();
    }

    PrepareSettings prepare() {
        ManagerSettings settings = now;
        return new PrepareSettings(
                settings.launcher(),
                settings.qemuUser(),
                settings.qemuGroup(),
                settings.regionBytes(),
                settings.monitorFiles());
    }

    boolean refusesInvalidElements() {
        return now.invalidElement() == ManagerSettings.InvalidElement.REFUSE;
    }

    EventLogs.Settings eventLogs() {
        ManagerSettings settings = now;
        return new EventLogs.Settings(
                settings.eventLogFile(), settings.eventLogBytes(), settings.eventLogFiles());
    }

    DomainHistory.Limits history() {
        ManagerSettings settings = now;
        return new DomainHistory.Limits(
                settings.historyTime(), settings.historyBytes(), settings.eventLogFile());
    }

    Duration bootLimit() {
        return now.bootLimit();
    }

    /** Has a part told of new settings; those of now it has. */
    synchronized void follow(Follower follower) {
        followers.add(follower);
    }

    /**
     * Reads the configuration again, exchanges the settings and tells who follows them.
     *
     * @throws SettingsException everything that is wrong; the old settings stay in force
     * @throws IOException a part could not take its new settings
     */
    synchronized SettingsReload reload() throws SettingsException, IOException {
        SettingsReload reload = SettingsReload.of(now, source.read());
        now = reload.inForce();
        for (Follower follower : followers) {
            follower.take(now);
        }
        return reload;
    }
}
