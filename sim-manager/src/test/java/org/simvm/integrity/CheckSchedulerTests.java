// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.util.EnumSet;
import java.util.UUID;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.IntegritySettings;
import org.simvm.settings.Schedule;

@DisplayName("The schedule of integrity checks")
@Timeout(30)
class CheckSchedulerTests {
    private static final UUID DOMAIN = UUID.fromString("5e0d1c3a-0000-4000-8000-000000000001");
    private static final UUID OTHER = UUID.fromString("5e0d1c3a-0000-4000-8000-000000000002");

    private final CheckScheduler scheduler = CheckScheduler.start(2);

    @AfterEach
    void close() {
        scheduler.close();
    }

    private static IntegritySettings every(Duration period, Duration jitter) {
        return new IntegritySettings(new Schedule.Interval(period), jitter,
                EnumSet.allOf(IntegrityCheck.class));
    }

    @Test
    void startsARoundEachPeriodAndTheFirstAfterOnePeriod() throws Exception {
        CountDownLatch rounds = new CountDownLatch(2);
        long start = System.nanoTime();
        scheduler.schedule(DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), rounds::countDown);
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
        assertTrue(System.nanoTime() - start >= Duration.ofMillis(1900).toNanos());
    }

    @Test
    void startsRoundsAtTheTimesOfACronExpression() throws Exception {
        CountDownLatch rounds = new CountDownLatch(1);
        scheduler.schedule(DOMAIN, new IntegritySettings(new Schedule.Cron("* * * * * ?"), Duration.ZERO,
                EnumSet.of(IntegrityCheck.HOOKS)), rounds::countDown);
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void delaysRoundsByARandomTimeWithoutHoldingUpOthers() throws Exception {
        CountDownLatch rounds = new CountDownLatch(4);
        for (int i = 0; i < 4; i++) { // twice as many as threads
            scheduler.schedule(new UUID(1, i), every(Duration.ofSeconds(1), Duration.ofMillis(500)),
            rounds::countDown);
        }
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void neverRunsTwoRoundsOfOneDomainAtOnce() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger finished = new AtomicInteger();
        scheduler.schedule(DOMAIN, every(Duration.ofHours(1), Duration.ZERO), () -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            pause(100);
            running.decrementAndGet();
            finished.incrementAndGet();
        });
        for (int i = 0; i < 4; i++) {
            assertTrue(scheduler.runNow(DOMAIN));
        }
        while (finished.get() < 4) {
            pause(10);
        }
        assertEquals(1, most.get());
    }

    @Test
    void checksADomainWhileARoundOfAnotherHangs() throws Exception {
        CountDownLatch hang = new CountDownLatch(1);
        CountDownLatch other = new CountDownLatch(1);
        scheduler.schedule(DOMAIN, every(Duration.ofHours(1), Duration.ZERO), () -> await(hang));
        scheduler.schedule(OTHER, every(Duration.ofHours(1), Duration.ZERO), other::countDown);
        scheduler.runNow(DOMAIN);
        scheduler.runNow(OTHER);
        assertTrue(other.await(10, TimeUnit.SECONDS));
        hang.countDown();
    }

    @Test
    void goesOnAfterARoundThatThrows() throws Exception {
        CountDownLatch rounds = new CountDownLatch(2);
        scheduler.schedule(DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), () -> {
            rounds.countDown();
            throw new IllegalStateException("broken check");
        });
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void forgetsACancelledDomainAndReplacesAScheduleThatIsGivenAgain() throws Exception {
        AtomicInteger old = new AtomicInteger();
        CountDownLatch replaced = new CountDownLatch(1);
        scheduler.schedule(DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), old::incrementAndGet);
        scheduler.schedule(DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), replaced::countDown);
        assertTrue(replaced.await(10, TimeUnit.SECONDS));
        assertEquals(0, old.get());
        scheduler.cancel(DOMAIN);
        scheduler.cancel(OTHER);
        assertFalse(scheduler.runNow(DOMAIN));
    }

    private static void pause(long milliseconds) {
        try {
            Thread.sleep(milliseconds);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
