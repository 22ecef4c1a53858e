// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.time.Duration;

/**
 * How long the steps of a resolution took, by the wall clock.
 *
 * @param image scan of the page tables for the kernel image
 * @param symbols search for kallsyms, decoding and check against LSTAR
 * @param types search for BTF and its index
 */
public record ResolutionTimes(Duration image, Duration symbols, Duration types) {
    /** Returns the sum. */
    public Duration total() {
        return image.plus(symbols).plus(types);
    }
}
