// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

/** Handlers of some verbs. */
@FunctionalInterface
public interface VerbGroup {
    /** Adds them to a table. */
    void addTo(HandlerTable table);
}
