// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.qmp.QmpException;
import org.simvm.region.RegionException;

/** Checks one thing of one boot; a {@link CheckDefinition} makes it. */
@FunctionalInterface
interface Check {
    /**
     * Looks once.
     *
     * @param findings where what differs goes, and how much was compared
     * @throws GuestMemoryException if guest memory that a healthy guest has could not be read
     * @throws RegionException if the region could not be read
     * @throws QmpException if QEMU did not answer
     * @throws InterruptedException if the thread was interrupted
     */
    void run(FindingCollector findings)
            throws GuestMemoryException, RegionException, QmpException, InterruptedException;

    /**
     * Returns what a later manager must have to go on with this check, of the type that its
     * definition names.
     *
     * @param directory where it may keep more in a file of its own
     */
    default Optional<Object> section(Path directory) throws IOException {
        return Optional.empty();
    }

    /** Lets go of pages of its files that a comparison brought into this process. */
    default void forgetTouchedPages() {}
}
