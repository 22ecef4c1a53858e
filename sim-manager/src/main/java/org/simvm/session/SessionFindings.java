// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.time.Instant;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.simvm.arming.ArmingFailure;
import org.simvm.integrity.Evidence;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.settings.FindingClass;

/** What the manager could not do for a session's guest, as findings. */
final class SessionFindings {
    private final Consumer<Finding> policy;

    SessionFindings(Consumer<Finding> policy) {
        this.policy = policy;
    }

    /** A boot could not be armed. */
    void notArmed(ArmingFailure why) {
        policy.accept(new Finding(
                Instant.now(),
                FindingClass.ARMING_FAILED,
                FindingCode.ARMING_FAILED,
                "arming while " + why.reached(),
                OptionalLong.empty(),
                OptionalLong.empty(),
                new Evidence.Text("an armed guest", why.reason()),
                true));
    }

    /** A guest that an earlier manager armed can't be checked any more. */
    void notAdopted(String reason) {
        policy.accept(Finding.ofManager(
                FindingClass.CHECK_INCOMPLETE,
                FindingCode.BASELINE_UNUSABLE,
                "baseline of an earlier manager",
                "integrity checks that go on",
                reason));
    }

    /** A round of checks does not end, or does not begin. */
    void checksStuck(String what) {
        policy.accept(Finding.ofManager(
                FindingClass.CHECK_INCOMPLETE,
                FindingCode.SCHEDULE_STUCK,
                "schedule of checks",
                "rounds that come and end",
                what));
    }

    /** Violations came too fast. */
    void violationsLost(long number) {
        policy.accept(Finding.ofManager(
                FindingClass.EVENTS_LOST,
                FindingCode.VIOLATIONS_DROPPED,
                "violations",
                "an account of each violation",
                number + " came faster than QEMU keeps them"));
    }
}
