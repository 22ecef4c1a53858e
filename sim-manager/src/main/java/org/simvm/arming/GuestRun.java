// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.qmp.DeviceState;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Knows whether the guest stands for SIM's sake, and lets it go on or has it stand. Told of stops
 * and resets on the connection's thread, asked on the worker.
 */
final class GuestRun {
    private static final Logger log = LoggerFactory.getLogger(GuestRun.class);

    private final String domain;
    private volatile SimDevice device;
    /** The device stopped the guest, and it was not asked to go on since. */
    private volatile boolean standing;

    GuestRun(String domain) {
        this.domain = domain;
    }

    void connected(SimDevice there) {
        device = there;
    }

    /** The guest stands, until it is let go. */
    void stopped() {
        standing = true;
    }

    /** What was before the manager was there: whether the guest stands is QEMU's to say. */
    void found() throws QmpException, InterruptedException {
        standing = !device.isRunning();
    }

    /**
     * The machine was reset, which does not let a guest go on that stands.
     *
     * @return whether it stood
     */
    boolean reset() {
        boolean stood = standing;
        standing = false;
        return stood;
    }

    /**
     * Lets a guest go on that stood when it was reset. One that has come to its next boot stop
     * meanwhile stands for that.
     *
     * @throws QmpException if QEMU refuses, or is gone
     */
    void resumeAfterReset() throws QmpException, InterruptedException {
        if (device.query().state() == DeviceState.WAITING && !device.isRunning()) {
            device.resume();
        }
    }

    /**
     * Lets the guest go on.
     *
     * @throws QmpException if QEMU refuses, or is gone; the guest counts as standing then
     */
    void resume() throws QmpException, InterruptedException {
        standing = false; // first: the next stop may come before the answer
        try {
            device.resume();
        } catch (QmpException e) {
            standing = true;
            throw e;
        }
    }

    /** Has the guest stand, until a reset; returns whether it does for certain. */
    boolean hold() {
        return certain("a guest that must not run unarmed could not be stopped", () -> {
            device.pause();
            standing = true; // for us: a reset lets it go on, to be armed
        });
    }

    /** Lets the guest go on without SIM; returns whether it runs for certain. */
    boolean letGo() {
        return certain("could not let the guest go on", () -> {
            device.clearStop();
            if (standing) {
                resume();
            }
        });
    }

    @FunctionalInterface
    private interface Order {
        void give() throws QmpException, InterruptedException;
    }

    private boolean certain(String otherwise, Order order) {
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
