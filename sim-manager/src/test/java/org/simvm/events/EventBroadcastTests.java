// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import org.junit.jupiter.api.Test;

/** Live subscribers. */
class EventBroadcastTests {
    private final EventBroadcast broadcast = new EventBroadcast();
    private final Event exit = RecordBuilder.exit(0).event();
    private final Event fork = RecordBuilder.fork(2, "x").event();

    @Test
    void eachGetsWhatItWants() throws InterruptedException {
        try (EventBroadcast.Subscription all = broadcast.subscribe(10, event -> true);
                EventBroadcast.Subscription forks =
                        broadcast.subscribe(10, event -> event instanceof ForkEvent)) {
            broadcast.accept(exit);
            broadcast.accept(fork);
            assertEquals(new EventBroadcast.Delivery(exit, 0), all.take(0));
            assertEquals(new EventBroadcast.Delivery(fork, 0), all.take(0));
            assertEquals(new EventBroadcast.Delivery(fork, 0), forks.take(0));
            assertNull(forks.take(1));
        }
    }

    @Test
    void aSlowOneLosesEventsAndIsToldHowManyAndWhere() throws InterruptedException {
        try (EventBroadcast.Subscription slow = broadcast.subscribe(2, event -> true);
                EventBroadcast.Subscription quick = broadcast.subscribe(100, event -> true)) {
            for (int i = 0; i < 7; i++) {
                broadcast.accept(exit);
            }
            assertEquals(0, slow.take(0).lostBefore());
            broadcast.accept(fork);
            assertEquals(0, slow.take(0).lostBefore());
            assertEquals(new EventBroadcast.Delivery(fork, 5), slow.take(0));
            broadcast.accept(fork);
            assertEquals(0, slow.take(0).lostBefore());
            assertEquals(5, slow.lost());
            assertEquals(0, quick.lost());
        }
    }

    @Test
    void oneThatLeftGetsNothingMore() throws InterruptedException {
        EventBroadcast.Subscription gone = broadcast.subscribe(2, event -> true);
        gone.close();
        broadcast.accept(exit);
        assertNull(gone.take(0));
    }
}
