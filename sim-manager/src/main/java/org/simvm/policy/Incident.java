// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

import java.time.Instant;
import java.util.Objects;
import org.simvm.integrity.Finding;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.PolicyAction;

/** What a policy acted on: a rule that the guest broke, or a finding. */
public sealed interface Incident {
    /** Returns what the policy asked for. */
    PolicyAction action();

    /** Returns how many incidents of the same kind were not alerted since the last one that was. */
    long suppressed();

    /** Returns when it was seen. */
    Instant time();

    /** The region device reported a violation. */
    record Broken(SimViolation violation, PolicyAction action, long suppressed)
            implements Incident {
        public Broken {
            Objects.requireNonNull(violation, "violation");
            Objects.requireNonNull(action, "action");
        }

        @Override
        public Instant time() {
            return violation.time();
        }
    }

    /** A check, or another part of the manager, found something. */
    record Found(Finding finding, PolicyAction action, long suppressed) implements Incident {
        public Found {
            Objects.requireNonNull(finding, "finding");
            Objects.requireNonNull(action, "action");
        }

        @Override
        public Instant time() {
            return finding.time();
        }
    }
}
