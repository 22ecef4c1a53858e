// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.exitgate.MonitorProcessException;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;

/**
 * Runs the monitors outside of the guest: gate {@code exit}. Called on the thread of the session
 * alone.
 */
public interface OutsideMonitors {
    /** For the gates whose monitors run in the guest. */
    OutsideMonitors NONE = new OutsideMonitors() {
        @Override
        public void serve(SimStatus status) {}

        @Override
        public void end() {}
    };

    /**
     * The region's image is complete: makes sure that its calls are served from now on. One that an
     * earlier manager had serve them goes on.
     *
     * @param status where guest RAM is
     * @throws MonitorProcessException nobody serves
     * @throws RegionException the region can't be read
     * @throws InterruptedException if the thread was interrupted while it waited
     */
    void serve(SimStatus status)
            throws MonitorProcessException, RegionException, InterruptedException;

    /**
     * Nobody may serve the region any more: it is about to be emptied, or QEMU is gone. Whoever
     * does was started by this manager or an earlier one.
     */
    void end();
}
