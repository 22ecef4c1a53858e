// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;

/** Compares one thing with its baseline. Implementations hold the baseline and never change it. */
@FunctionalInterface
interface Check {
    /**
     * Compares once.
     *
     * @param findings where what differs goes, and how much was compared
     * @throws GuestMemoryException if guest memory that a healthy guest has could not be read
     * @throws RegionException if the region could not be read
     * @throws QmpException if QEMU did not answer
     * @throws InterruptedException if the thread was interrupted
     */
    void run(FindingCollector findings)
            throws GuestMemoryException, RegionException, QmpException, InterruptedException;
}
