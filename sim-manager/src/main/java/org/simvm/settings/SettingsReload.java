// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * What a configuration that was read anew changes for a manager that runs.
 *
 * @param inForce the new settings, but for what only a new start can change
 * @param changed keys, or the first word of several keys, whose new values are in force
 * @param nextStart keys whose new values wait for the manager's next start
 */
public record SettingsReload(
        ManagerSettings inForce, List<String> changed, List<String> nextStart) {
    public SettingsReload {
        Objects.requireNonNull(inForce, "inForce");
        changed = List.copyOf(changed);
        nextStart = List.copyOf(nextStart);
    }

    /** Compares what is in force with what was read. */
    public static SettingsReload of(ManagerSettings before, ManagerSettings read) {
        List<String> changed = new ArrayList<>();
        List<String> nextStart = new ArrayList<>();
        Path runDirectory = fixed("run.dir", before.runDirectory(), read.runDirectory(), nextStart);
        Path stateDirectory =
                fixed("state.dir", before.stateDirectory(), read.stateDirectory(), nextStart);
        Path shareDirectory =
                fixed("share.dir", before.shareDirectory(), read.shareDirectory(), nextStart);
        String uri = fixed("libvirt.uri", before.libvirtUri(), read.libvirtUri(), nextStart);
        Path launcher = fixed("launcher.path", before.launcher(), read.launcher(), nextStart);
        Path eventLog =
                fixed("event.log.file", before.eventLogFile(), read.eventLogFile(), nextStart);
        Optional<CheckStoreSettings> checkStore =
                fixed("checks.store.file", before.checkStore(), read.checkStore(), nextStart);
        note("qemu.user", before.qemuUser(), read.qemuUser(), changed);
        note("qemu.group", before.qemuGroup(), read.qemuGroup(), changed);
        note("control.group", before.controlGroup(), read.controlGroup(), changed);
        note("element.invalid", before.invalidElement(), read.invalidElement(), changed);
        note(
                "monitor.directories",
                before.monitorDirectories(),
                read.monitorDirectories(),
                changed);
        note("region.size", before.regionBytes(), read.regionBytes(), changed);
        note("boot.limit", before.bootLimit(), read.bootLimit(), changed);
        note("event.log.size", before.eventLogBytes(), read.eventLogBytes(), changed);
        note("event.log.files", before.eventLogFiles(), read.eventLogFiles(), changed);
        note("history.days", before.historyTime(), read.historyTime(), changed);
        note("history.size", before.historyBytes(), read.historyBytes(), changed);
        note("log.level", before.logLevel(), read.logLevel(), changed);
        note("metrics", before.metrics(), read.metrics(), changed);
        note("journal", before.outlets().journal(), read.outlets().journal(), changed);
        note("syslog", before.outlets().syslog(), read.outlets().syslog(), changed);
        note("webhook", before.outlets().webhook(), read.outlets().webhook(), changed);
        note("spool.size", before.outlets().spoolBytes(), read.outlets().spoolBytes(), changed);
        return new SettingsReload(
                new ManagerSettings(
                        runDirectory,
                        stateDirectory,
                        shareDirectory,
                        uri,
                        launcher,
                        read.qemuUser(),
                        read.qemuGroup(),
                        read.controlGroup(),
                        read.invalidElement(),
                        read.monitorDirectories(),
                        read.regionBytes(),
                        read.bootLimit(),
                        eventLog,
                        read.eventLogBytes(),
                        read.eventLogFiles(),
                        read.historyTime(),
                        read.historyBytes(),
                        read.logLevel(),
                        read.metrics(),
                        read.outlets(),
                        checkStore),
                changed,
                nextStart);
    }

    private static <T> T fixed(String key, T before, T read, List<String> nextStart) {
        if (!before.equals(read)) {
            nextStart.add(key);
        }
        return before;
    }

    private static void note(String key, Object before, Object read, List<String> changed) {
        if (!before.equals(read)) {
            changed.add(key);
        }
    }
}
