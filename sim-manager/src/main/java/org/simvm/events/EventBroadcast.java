// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Predicate;

/**
 * Hands events to live subscribers. Each has a queue of its own; one that is slow loses events and
 * is told how many, and neither the ring nor the others notice.
 */
public final class EventBroadcast implements EventSink {
    private final List<Subscription> subscriptions = new CopyOnWriteArrayList<>();

    /**
     * What a subscriber gets.
     *
     * @param event the event
     * @param lostBefore how many wanted events were lost to this subscriber right before it
     */
    public record Delivery(Event event, long lostBefore) {}

    /** A subscriber's end; one thread reads it. Close it to end the subscription. */
    public final class Subscription implements AutoCloseable {
        private final BlockingQueue<Delivery> queue;
        private final Predicate<Event> wanted;
        private final AtomicLong lost = new AtomicLong();
        private final AtomicLong lostInAll = new AtomicLong();

        private Subscription(int capacity, Predicate<Event> wanted) {
            this.queue = new ArrayBlockingQueue<>(capacity);
            this.wanted = wanted;
        }

        /**
         * Waits for the next event.
         *
         * @return null if there was none in that time
         */
        public Delivery take(long milliseconds) throws InterruptedException {
            return queue.poll(milliseconds, TimeUnit.MILLISECONDS);
        }

        /** Counts the events that this subscriber lost since it began. */
        public long lost() {
            return lostInAll.get();
        }

        private void offer(Event event) {
            if (!wanted.test(event)) {
                return;
            }
            // Only the draining thread comes here, so that nobody adds to the count between the
            // look and the
            // reset.
            if (queue.offer(new Delivery(event, lost.get()))) {
                lost.set(0);
            } else {
                lost.incrementAndGet();
                lostInAll.incrementAndGet();
            }
        }

        @Override
        public void close() {
            subscriptions.remove(this);
        }
    }

    /**
     * Begins a subscription with the next event.
     *
     * @param capacity events that wait for the subscriber at most
     * @param wanted which events it wants; called on the draining thread, so it must be quick
     */
    public Subscription subscribe(int capacity, Predicate<Event> wanted) {
        Subscription subscription = new Subscription(capacity, wanted);
        subscriptions.add(subscription);
        return subscription;
    }

    @Override
    public void accept(Event event) {
        for (Subscription subscription : subscriptions) {
            subscription.offer(event);
        }
    }
}
