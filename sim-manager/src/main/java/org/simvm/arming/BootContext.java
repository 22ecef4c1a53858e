// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * What every phase of a boot works with.
 *
 * @param request which guest, and what goes into it
 * @param guest the connection to its QEMU
 * @param clock of this boot
 */
record BootContext(ArmingRequest request, GuestConnection guest, StepClock clock) {
    String domain() {
        return request.domain();
    }
}
