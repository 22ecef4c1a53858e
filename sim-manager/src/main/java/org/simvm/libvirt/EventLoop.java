// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.util.concurrent.TimeUnit;
import org.libvirt.jna.Libvirt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * libvirt's event loop, one for the process.
 *
 * <p>It must be registered before the first connection is opened and run for ever after: without it
 * there are no events, and keep-alive messages go unanswered, so that libvirtd closes the
 * connection in the middle of a long call.
 */
final class EventLoop {

    private static final Logger LOG = LoggerFactory.getLogger(EventLoop.class);

    /**
     * libvirt prints errors on stderr unless it has this; kept here, because libvirt keeps no
     * reference for Java.
     */
    private static final Libvirt.VirErrorCallback SILENT = (opaque, error) -> {};

    private static boolean running;

    private EventLoop() {}

    static synchronized void ensureRunning() throws LibvirtException {
        if (running) {
            return;
        }
        NativeLibvirt.INSTANCE.virSetErrorFunc(null, SILENT);
        NativeErrors.check(NativeLibvirt.INSTANCE.virInitialize(), "initialize libvirt");
        NativeErrors.check(
                NativeLibvirt.INSTANCE.virEventRegisterDefaultImpl(),
                "register libvirt's event loop");
        Thread thread = new Thread(EventLoop::run, "libvirt-event-loop");
        thread.setDaemon(true);
        thread.start();
        running = true;
    }

    private static void run() {
        while (true) {
            if (NativeLibvirt.INSTANCE.virEventRunDefaultImpl() < 0) {
                LOG.error("libvirt's event loop failed: {}", NativeErrors.message());
                try {
                    TimeUnit.SECONDS.sleep(1); // it would fail again at once, and fill the log
                } catch (InterruptedException e) {
                    return;
                }
            }
        }
    }
}
