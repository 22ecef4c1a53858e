// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * How long a step of arming took, by the monotonic clock.
 *
 * @param step for instance {@code boot-stop: symbols}
 * @param milliseconds wall time
 * @param guestPaused whether the guest was paused meanwhile
 */
public record StepTime(String step, double milliseconds, boolean guestPaused) {}
