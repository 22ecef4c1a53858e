// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.sun.jna.Library;
import com.sun.jna.Native;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tells systemd how the service is doing (sd_notify(3)). Without systemd, or without its library, nothing
 * happens and nothing is needed.
 */
final class ServiceNotification {
    private static final Logger log = LoggerFactory.getLogger(ServiceNotification.class);

    private final Systemd systemd;

    private interface Systemd extends Library {
        int sd_notify(int unsetEnvironment, String state);
    }

    ServiceNotification() {
        Systemd found = null;
        if (System.getenv("NOTIFY_SOCKET") != null) {
            try {
                found = Native.load("libsystemd.so.0", Systemd.class);
            } catch (UnsatisfiedLinkError e) {
                log.warn("systemd waits to be told that the service is ready, but libsystemd.so.0 is missing: {}",
                        e.getMessage());
            }
        }
        systemd = found;
    }

    void ready(String status) {
        send("READY=1\nSTATUS=" + status);
    }

    void status(String status) {
        send("STATUS=" + status);
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
