// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;
import java.util.Optional;

/**
 * What was found and done when a guest was armed. Times are in milliseconds, to the microsecond.
 *
 * @param kernel its release
 * @param buildId the linker's, in hexadecimal, as {@code <sim:kernel>} names it
 * @param symbols how many symbols were found in its memory
 * @param types how many types were
 * @param pagingLevels 4 or 5
 * @param hooks in the order of monitors and their declarations
 * @param pausedMs how long the guest was paused in all
 * @param tookMs how long arming took in all
 * @param steps of arming, in their order
 */
public record GuestView(
        String kernel,
        Optional<String> buildId,
        int symbols,
        int types,
        int pagingLevels,
        List<Hook> hooks,
        double pausedMs,
        double tookMs,
        List<Step> steps) {
    public GuestView {
        hooks = List.copyOf(hooks);
        steps = List.copyOf(steps);
    }

    /**
     * A place in the guest kernel's text that calls a gate.
     *
     * @param monitor index of the monitor that it belongs to
     * @param id the monitor's own number of it
     * @param site function and offset
     * @param address guest virtual address of its first byte
     */
    public record Hook(int monitor, int id, String site, Address address) {}

    /**
     * A step of arming.
     *
     * @param step its name
     * @param ms how long it took
     * @param paused whether the guest was paused meanwhile
     */
    public record Step(String step, double ms, boolean paused) {}
}
