// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Set;
import org.simvm.arming.ArmedGuest;
import org.simvm.settings.IntegrityCheck;

/**
 * Checks one boot of a guest against the baseline recorded when it was armed. A reset ends its use.
 *
 * <p>Rounds may be asked for from any thread; one runs at a time.
 */
public final class GuestChecks {
    private GuestChecks() {
    }

    /**
     * Records the baseline. The guest must stand, hooks and gates in place; it takes as long as a copy of the kernel's text.
     *
     * @throws BaselineException if something that will be checked can't be read
     */
    public static GuestChecks record(ArmedGuest guest) throws BaselineException {
        throw new BaselineException("not yet", null);
    }

    /**
     * Writes the baseline as {@code baseline.json}, atomically: the old file stays until the new one is complete.
     *
     * @param directory the domain's state directory; must exist
     */
    public void persist(Path directory) throws IOException {
        throw new IOException("not yet");
    }

    /**
     * Runs checks now, on this thread.
     *
     * @param checks which ones
     * @return what they found; a check that can't be carried out is a finding of class {@code CHECK_INCOMPLETE}
     */
    public CheckReport check(Set<IntegrityCheck> checks) {
        throw new IllegalStateException("not yet");
    }
}
