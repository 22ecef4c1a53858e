// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Tracks whether the guest is paused for SIM, and resumes or pauses it. Learns of stops and resets
 * on the connection's thread, gives orders on the worker.
 */
final class RunState {
    private static final Logger log = LoggerFactory.getLogger(RunState.class);

    private final String domain;
    private final SimDevice device;
    /** The device paused the guest, or we did, and nobody has resumed it since. */
    private volatile boolean paused;

    RunState(String domain, SimDevice device) {
        this.domain = domain;
        this.device = device;
    }

    /** The device paused the guest. */
    void paused() {
        paused = true;
    }

    /** Asks QEMU whether the guest is paused, after stops that nobody was connected to see. */
    void refresh() throws QmpException, InterruptedException {
        paused = !device.isRunning();
    }

    /** Tells whether the guest is paused; a reset of the machine does not resume it. */
    boolean isPaused() {
        return paused;
    }

    /**
     * Resumes a guest that was paused when it was reset, unless it has come to its next boot stop
     * meanwhile and is paused there. A plan of the boot before that QEMU carried out after the
     * reset is taken back by another one.
     *
     * @throws QmpException if QEMU refuses, or is gone; the guest counts as paused then
     */
    void resumeAfterReset() throws QmpException, InterruptedException {
        switch (device.query().state()) {
            case WAITING -> {
                if (device.isRunning()) {
                    paused = false;
                } else {
                    resume();
                }
            }
            case MAPPED -> {
                log.info("{}: a plan came after the reset; reset again", domain);
                device.reset();
            }
            default -> log.info("{}: at its next stop already", domain);
        }
    }

    /**
     * Resumes the guest.
     *
     * @throws QmpException if QEMU refuses, or is gone; the guest counts as paused then
     */
    void resume() throws QmpException, InterruptedException {
        paused = false; // first: the next stop may come before the answer
        try {
            device.resume();
        } catch (QmpException e) {
            paused = true;
            throw e;
        }
    }

    /** Pauses the guest until it is reset; returns whether QEMU confirmed it. */
    boolean hold() {
        return confirmed("a guest that must not run unarmed could not be paused", () -> {
            device.pause();
            paused = true; // by us: a reset resumes it, to be armed
        });
    }

    /** Lets the guest run without SIM; returns whether QEMU confirmed it. */
    boolean letGo() {
        return confirmed("could not resume the guest", () -> {
            device.clearStop();
            if (paused) {
                resume();
            }
        });
    }

    @FunctionalInterface
    private interface Order {
        void give() throws QmpException, InterruptedException;
    }

    private boolean confirmed(String otherwise, Order order) {
        try {
            order.give();
            return true;
        } catch (QmpException e) {
            log.error("{}: {}: {}", domain, otherwise, e.getMessage());
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }
}
