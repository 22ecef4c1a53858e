// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * Arms one domain's guest at each of its boots, from when its QEMU starts until it ends.
 *
 * <p>{@link #start} returns at once; everything happens on threads of the session.
 */
public final class DomainArming implements AutoCloseable {
    private DomainArming() {
    }

    /** Starts to wait for the domain's QEMU, and then to arm each boot. */
    public static DomainArming start(ArmingRequest request, ArmingListener listener) {
        throw new IllegalStateException("not yet");
    }

    /** Returns how far the present boot has come. */
    public ArmingState state() {
        throw new IllegalStateException("not yet");
    }

    /** Ends the session; the guest is left as it is. {@link ArmingListener#gone} follows. */
    @Override
    public void close() {
    }
}
