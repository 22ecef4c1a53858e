// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Decides what becomes of a guest whose boot can't be armed: one that requires SIM is paused,
 * another runs on without.
 */
final class FailurePolicy {
    private static final Logger log = LoggerFactory.getLogger(FailurePolicy.class);

    private final ArmingRequest request;
    private final ArmingListener listener;

    FailurePolicy(ArmingRequest request, ArmingListener listener) {
        this.request = request;
        this.listener = listener;
    }

    /** There is no QEMU to arm a guest of. */
    void noQemu(Exception cause) {
        report(
                new ArmingFailure(
                        ArmingException.kindOf(cause),
                        ArmingState.CONNECTING,
                        ArmingException.oneLine(cause),
                        false),
                "there is no guest");
    }

    /**
     * The boot failed: pauses or resumes the guest, and reports the failure.
     *
     * @param reached how far arming had come
     */
    void bootFailed(GuestConnection guest, ArmingState reached, Exception cause) {
        ArmingFailure.Kind kind = ArmingException.kindOf(cause);
        if (kind == ArmingFailure.Kind.INTERNAL) {
            log.error("{}: arming failed while {}", request.domain(), reached, cause);
        }
        if (reached != ArmingState.MAPPED) {
            request.outside().end(); // no hook calls
        }
        boolean runs = request.required() ? !guest.run().hold() : guest.run().letGo();
        report(
                new ArmingFailure(kind, reached, ArmingException.oneLine(cause), runs),
                runs ? "the guest runs on without SIM" : "the guest is paused");
    }

    private void report(ArmingFailure failure, String consequence) {
        log.warn(
                "{}: not armed ({}, while {}): {}; {}",
                request.domain(),
                failure.kind(),
                failure.reached(),
                failure.reason(),
                consequence);
        listener.failed(failure);
    }
}
