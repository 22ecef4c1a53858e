// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import org.simvm.integrity.CheckReport;

/** Is told what becomes of a session. Called on threads of the session; must be quick. */
public interface SessionListener {
    /** {@link DomainSession#state} may have changed. */
    void stateChanged();

    /** The present boot could not be armed: why, in one line. */
    void notArmed(String reason);

    /** A round of integrity checks is over. */
    void checked(CheckReport report);
}
