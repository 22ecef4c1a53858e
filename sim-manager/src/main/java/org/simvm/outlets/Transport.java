// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;

/** Takes notices to their receiver. Used by one thread. */
interface Transport extends Closeable {
    /**
     * How far a delivery came.
     *
     * @param taken how many of the first entries are done with
     * @param refused how many of these the receiver will never take
     */
    record Delivery(int taken, int refused) {}

    /**
     * Delivers entries, in order, as many as it can.
     *
     * @param entries at least one
     * @return at least one is taken
     * @throws IOException none was delivered; later it may work
     */
    Delivery deliver(List<Spool.Entry> entries) throws IOException, InterruptedException;

    /** Names the receiver, for the log. */
    String receiver();

    @Override
    default void close() throws IOException {}
}
