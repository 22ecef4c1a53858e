// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.List;
import java.util.stream.Collectors;

/** Tells everything that is wrong with a configuration or a domain's settings, at once. */
public final class SettingsException extends Exception {

    private final transient List<Problem> problems;

    /** Wraps at least one problem. */
    public SettingsException(List<Problem> problems) {
        super(problems.stream().map(Problem::toString).collect(Collectors.joining("\n")));
        if (problems.isEmpty()) {
            throw new IllegalArgumentException("no problems");
        }
        this.problems = List.copyOf(problems);
    }

    /** Returns every problem, in the order of the document. */
    public List<Problem> problems() {
        return problems;
    }

    /**
     * Returns one line: the first problem, and how many more there are. For places that have room
     * for one.
     */
    public String oneLine() {
        int more = problems.size() - 1;
        return problems.get(0) + (more == 0 ? "" : " (and " + more + " more)");
    }
}
