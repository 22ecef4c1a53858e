// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/** Which of the two sorts of incidents. */
public enum IncidentKind {
    VIOLATION,
    FINDING
}
