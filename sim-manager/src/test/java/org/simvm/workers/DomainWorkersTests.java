// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.workers;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("Workers of domains")
@Timeout(30)
class DomainWorkersTests {
    private static final UUID ONE = new UUID(1, 1);
    private static final UUID OTHER = new UUID(2, 2);

    private final DomainWorkers workers = new DomainWorkers();

    @AfterEach
    void end() {
        workers.close();
    }

    @Test
    @DisplayName("a domain whose task hangs delays no other domain")
    void stuck() throws InterruptedException {
        CountDownLatch release = new CountDownLatch(1);
        CountDownLatch done = new CountDownLatch(1);
        workers.submit(ONE, "hang", () -> {
            try {
                release.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        workers.submit(OTHER, "work", done::countDown);
        assertTrue(done.await(5, TimeUnit.SECONDS));
        release.countDown();
    }

    @Test
    @DisplayName("tasks of one domain run in their order, one at a time")
    void order() throws InterruptedException {
        List<Integer> ran = Collections.synchronizedList(new ArrayList<>());
        AtomicInteger atOnce = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch done = new CountDownLatch(1000);
        for (int i = 0; i < 1000; i++) {
            int number = i;
            workers.submit(ONE, "count", () -> {
                most.accumulateAndGet(atOnce.incrementAndGet(), Math::max);
                ran.add(number);
                atOnce.decrementAndGet();
                done.countDown();
            });
        }
        assertTrue(done.await(20, TimeUnit.SECONDS));
        assertEquals(IntStream.range(0, 1000).boxed().toList(), ran);
        assertEquals(1, most.get());
    }

    @Test
    @DisplayName("a task that throws does not end its domain's worker")
    void throwing() throws InterruptedException {
        CountDownLatch done = new CountDownLatch(1);
        workers.submit(ONE, "throw", () -> {
            throw new IllegalStateException("on purpose");
        });
        workers.submit(ONE, "work", done::countDown);
        assertTrue(done.await(5, TimeUnit.SECONDS));
    }
}
