// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

/**
 * Takes the events of one domain, in ring order, on the thread that drains its ring. Must not
 * block.
 */
public interface EventSink extends AutoCloseable {
    /**
     * Takes one event. A sink that fails says so in the log once and goes on; it never throws
     * because of an event.
     */
    void accept(Event event);

    /**
     * Called before the ring gives the room of these events to others: what must outlive this
     * process is to be handed to the kernel now. Events that were not come again after a crash,
     * with the same sequence number.
     */
    default void settle() {}

    /** Called when the ring has been read empty: a good moment to flush. */
    default void idle() {}

    @Override
    default void close() {}
}
