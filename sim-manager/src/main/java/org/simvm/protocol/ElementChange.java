// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

/**
 * The answer to {@code apply} and {@code remove}.
 *
 * @param domain the domain after the change
 * @param takesEffect when the change does
 */
public record ElementChange(@JsonUnwrapped DomainSummary domain, Effect takesEffect) {
    /** When a changed element takes effect. */
    public enum Effect {
        /** When the domain, which does not run, is started. */
        START,
        /** When the domain, which runs, is started the next time. */
        NEXT_START
    }
}
