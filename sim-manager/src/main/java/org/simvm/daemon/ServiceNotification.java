// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.sun.jna.Library;
import com.sun.jna.Native;
import java.util.Map;
import java.util.OptionalLong;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how the service is doing (sd_notify(3)). Without systemd, or without its library,
 * nothing happens and nothing is needed.
 */
final class ServiceNotification {
    private static final Logger log = LoggerFactory.getLogger(ServiceNotification.class);

    private final Systemd systemd;
    private final OptionalLong watchdogMicroseconds;

    private interface Systemd extends Library {
        int sd_notify(int unsetEnvironment, String state);
    }

    ServiceNotification() {
        Systemd found = null;
        Map<String, String> environment = System.getenv();
        if (environment.containsKey("NOTIFY_SOCKET")) {
            try {
                found = Native.load("libsystemd.so.0", Systemd.class);
            } catch (UnsatisfiedLinkError e) {
                log.warn(
                        "systemd waits to be told that the service is ready, but "
                                + "libsystemd.so.0 is missing: {}",
                        e.getMessage());
            }
        }
        systemd = found;
        watchdogMicroseconds = found == null
                ? OptionalLong.empty()
                : watchdog(environment, ProcessHandle.current().pid());
    }

    /** Reads how often systemd wants a sign of life from this process; empty if it wants none. */
    static OptionalLong watchdog(Map<String, String> environment, long pid) {
        String period = environment.getOrDefault("WATCHDOG_USEC", "");
        String whom = environment.getOrDefault("WATCHDOG_PID", Long.toString(pid));
        return period.matches("[1-9][0-9]{0,15}") && whom.equals(Long.toString(pid))
                ? OptionalLong.of(Long.parseLong(period))
                : OptionalLong.empty();
    }

    /**
     * Returns the time in microseconds after which systemd, if it hears nothing, starts the service
     * anew.
     */
    OptionalLong watchdogMicroseconds() {
        return watchdogMicroseconds;
    }

    void ready(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    /** A reload begins; {@link #ready} ends it. */
    void reloading() {
        // Java's nano clock is CLOCK_MONOTONIC on Linux, which is what systemd asks for.
        send("RELOADING=1\nMONOTONIC_USEC=" + System.nanoTime() / 1000);
    }

    void alive(String status) {
        send("WATCHDOG=1\nSTATUS=" + status);
    }

    void stopping() {
        send("STOPPING=1");
    }

    private void send(String state) {
        if (systemd != null) {
            systemd.sd_notify(0, state);
        }
    }
}
