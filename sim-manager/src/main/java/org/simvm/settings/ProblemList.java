// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.simvm.settings.DomainDocument.Element;
import org.xml.sax.Locator;

/** Collects what is wrong with a document, and tells it in the document's order. */
final class ProblemList {

    private record Placed(int line, int column, String what, String nextStep) {}

    private final String source;
    private final List<Placed> problems = new ArrayList<>();

    ProblemList(String source) {
        this.source = source;
    }

    void add(Element at, String what, String nextStep) {
        add(at.line(), at.column(), what, nextStep);
    }

    void add(Locator at, String what, String nextStep) {
        add(at.getLineNumber(), at.getColumnNumber(), what, nextStep);
    }

    private void add(int line, int column, String what, String nextStep) {
        Placed problem = new Placed(line, column, what, nextStep);
        if (!problems.contains(problem)) {
            problems.add(problem);
        }
    }

    /** A place in the document, from 1. */
    record Place(int line, int column) {
        static Place of(Locator locator) {
            return new Place(locator.getLineNumber(), locator.getColumnNumber());
        }
    }

    /** Returns the places of the problems so far. */
    Set<Place> places() {
        return problems.stream()
                .map(p -> new Place(p.line(), p.column()))
                .collect(Collectors.toUnmodifiableSet());
    }

    void throwIfAny() throws SettingsException {
        if (!problems.isEmpty()) {
            throw new SettingsException(problems.stream()
                    .sorted(Comparator.comparingInt(Placed::line).thenComparingInt(Placed::column))
                    .map(p -> new Problem(
                            source + ":" + p.line() + ":" + p.column(), p.what(), p.nextStep()))
                    .toList());
        }
    }
}
