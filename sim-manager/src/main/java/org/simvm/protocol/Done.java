// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.Optional;

/**
 * The last line that the manager sends.
 *
 * @param done true
 * @param error why the request, or the rest of it, could not be answered: one line; empty if all is
 *     well
 */
public record Done(boolean done, Optional<String> error) {
    /** Makes one. */
    public Done(Optional<String> error) {
        this(true, error);
    }
}
