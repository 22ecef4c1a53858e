// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;

/**
 * The answer to {@code suspend-checks}.
 *
 * @param until when scheduled checks run again
 */
public record SuspendedChecks(Instant until) {}
