// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Objects;
import java.util.Optional;

/**
 * The host's configuration. {@link ManagerSettingsReader} makes it and says which key sets what.
 *
 * @param runDirectory what lives as long as the host is up: sockets, region files
 * @param stateDirectory what outlives a reboot: baselines, findings, event logs, markers
 * @param shareDirectory what was installed: jars, gates, monitors
 * @param libvirtUri whose domains the manager serves
 * @param launcher what {@code <emulator>} of a domain under SIM names
 * @param qemuUser owner of region files: the user that QEMU runs as; a name, or {@code +} and a
 *     number
 * @param qemuGroup its group, likewise
 * @param controlGroup members may use the control socket
 * @param invalidElement what becomes of the start of a domain whose element can't be understood
 * @param monitorDirectories where a monitor named by {@code file=} may lie; empty: anywhere
 * @param regionBytes size of a region whose domain names none
 * @param bootLimit vCPU time that a guest may use before its kernel is seen; zero for any
 * @param eventLogFile relative: a file in each domain's state directory; absolute: one for all
 *     domains
 * @param eventLogBytes an event log this long is rotated
 * @param eventLogFiles event logs kept, the current one included; at least 1
 * @param historyTime how long logs of domains that are not under SIM any more are kept
 * @param historyBytes how long those logs may be, of all such domains together
 * @param logLevel what the manager says of itself
 * @param metrics where metrics are served; empty: nowhere
 * @param outlets what is sent out, and where to
 * @param checkStore where schedules of checks are kept for several managers; empty: in this
 *     process's memory
 */
public record ManagerSettings(
        Path runDirectory,
        Path stateDirectory,
        Path shareDirectory,
        String libvirtUri,
        Path launcher,
        String qemuUser,
        String qemuGroup,
        String controlGroup,
        InvalidElement invalidElement,
        List<Path> monitorDirectories,
        long regionBytes,
        Duration bootLimit,
        Path eventLogFile,
        long eventLogBytes,
        int eventLogFiles,
        Duration historyTime,
        long historyBytes,
        LogLevel logLevel,
        Optional<InetSocketAddress> metrics,
        OutletSettings outlets,
        Optional<CheckStoreSettings> checkStore) {

    /** How much the manager says of itself, least first. */
    public enum LogLevel {
        ERROR,
        WARN,
        INFO,
        DEBUG,
        TRACE
    }

    /** What becomes of the start of a domain whose {@code sim} element can't be understood. */
    public enum InvalidElement {
        /** It is refused: what was misspelled may be what the domain requires. */
        REFUSE,
        /** It goes on without SIM, unless {@code required="yes"} can be read. */
        START
    }

    public ManagerSettings {
        Objects.requireNonNull(runDirectory, "runDirectory");
        Objects.requireNonNull(stateDirectory, "stateDirectory");
        Objects.requireNonNull(shareDirectory, "shareDirectory");
        Objects.requireNonNull(libvirtUri, "libvirtUri");
        Objects.requireNonNull(launcher, "launcher");
        Objects.requireNonNull(qemuUser, "qemuUser");
        Objects.requireNonNull(qemuGroup, "qemuGroup");
        Objects.requireNonNull(controlGroup, "controlGroup");
        Objects.requireNonNull(invalidElement, "invalidElement");
        Objects.requireNonNull(bootLimit, "bootLimit");
        Objects.requireNonNull(eventLogFile, "eventLogFile");
        Objects.requireNonNull(historyTime, "historyTime");
        Objects.requireNonNull(logLevel, "logLevel");
        Objects.requireNonNull(metrics, "metrics");
        Objects.requireNonNull(outlets, "outlets");
        Objects.requireNonNull(checkStore, "checkStore");
        monitorDirectories = List.copyOf(monitorDirectories);
    }

    /** Returns the socket that the CLI and the hook talk to. */
    public Path controlSocket() {
        return runDirectory.resolve("sim-manager.sock");
    }

    /** Returns the socket for those who may only look. */
    public Path readOnlySocket() {
        return runDirectory.resolve("sim-manager-ro.sock");
    }

    /** Returns the directory of notices that wait to be sent. */
    public Path spoolDirectory() {
        return stateDirectory.resolve("spool");
    }

    /** Returns where gates and monitors are. */
    public MonitorFiles monitorFiles() {
        return new MonitorFiles(shareDirectory.resolve("monitors"), monitorDirectories);
    }
}
