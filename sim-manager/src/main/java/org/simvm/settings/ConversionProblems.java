// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.Set;
import org.glassfish.jaxb.core.Locatable;

/**
 * Takes problems beyond the schema. Where the schema found one already there is no second: what
 * follows from that would only confuse.
 */
final class ConversionProblems {
    private final ProblemList problems;
    private final Set<ProblemList.Place> refusedBySchema;

    /** @param problems with what the schema found, and nothing else */
    ConversionProblems(ProblemList problems) {
        this.problems = problems;
        this.refusedBySchema = problems.places();
    }

    void add(Locatable at, String what, String nextStep) {
        if (!refusedBySchema.contains(ProblemList.Place.of(at.sourceLocation()))) {
            problems.add(at.sourceLocation(), what, nextStep);
        }
    }
}
