// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.Objects;

/**
 * One mistake in what somebody wrote.
 *
 * @param where the source and the place in it: {@code web1.xml:12:7} (line and column, from 1) or
 *     {@code /etc/sim-manager/sim-manager.conf: region.size}
 * @param what what is wrong, with the value that is wrong
 * @param nextStep what to do about it
 */
public record Problem(String where, String what, String nextStep) {

    public Problem {
        where = oneLine(where);
        what = oneLine(what);
        nextStep = oneLine(nextStep);
    }

    /** Returns the problem as one line, fit for a terminal or a log. */
    @Override
    public String toString() {
        return where + ": " + what + "; " + nextStep;
    }

    /**
     * What was written is quoted in messages: control characters in it must not reach a terminal or
     * a log.
     */
    private static String oneLine(String text) {
        return Objects.requireNonNull(text).replaceAll("\\p{Cntrl}+", " ");
    }
}
