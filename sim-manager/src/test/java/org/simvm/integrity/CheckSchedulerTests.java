// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.time.Duration;
import java.time.Instant;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quartz.CronTrigger;
import org.quartz.JobKey;
import org.quartz.SimpleTrigger;
import org.quartz.Trigger;
import org.simvm.settings.CheckGroup;
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
        return new IntegritySettings(
                new Schedule.Interval(period), jitter, EnumSet.allOf(IntegrityCheck.class));
    }

    @Test
    void startsARoundEachPeriodAndTheFirstAfterOnePeriod() throws Exception {
        CountDownLatch rounds = new CountDownLatch(2);
        long start = System.nanoTime();
        scheduler.schedule(
                DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), group -> rounds.countDown());
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
        assertTrue(System.nanoTime() - start >= Duration.ofMillis(1900).toNanos());
    }

    @Test
    void startsRoundsAtTheTimesOfACronExpression() throws Exception {
        CountDownLatch rounds = new CountDownLatch(1);
        scheduler.schedule(
                DOMAIN,
                new IntegritySettings(
                        new Schedule.Cron("* * * * * ?"),
                        Duration.ZERO,
                        EnumSet.of(IntegrityCheck.HOOKS)),
                group -> rounds.countDown());
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void delaysRoundsByARandomTimeWithoutHoldingUpOthers() throws Exception {
        CountDownLatch rounds = new CountDownLatch(4);
        for (int i = 0; i < 4; i++) { // twice as many as threads
            scheduler.schedule(
                    new UUID(1, i),
                    every(Duration.ofSeconds(1), Duration.ofMillis(500)),
                    group -> rounds.countDown());
        }
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void neverRunsTwoRoundsOfOneDomainAtOnce() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        AtomicInteger finished = new AtomicInteger();
        scheduler.schedule(DOMAIN, every(Duration.ofHours(1), Duration.ZERO), group -> {
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
        scheduler.schedule(DOMAIN, every(Duration.ofHours(1), Duration.ZERO), group -> await(hang));
        scheduler.schedule(
                OTHER, every(Duration.ofHours(1), Duration.ZERO), group -> other.countDown());
        scheduler.runNow(DOMAIN);
        scheduler.runNow(OTHER);
        assertTrue(other.await(10, TimeUnit.SECONDS));
        hang.countDown();
    }

    @Test
    void goesOnAfterARoundThatThrows() throws Exception {
        CountDownLatch rounds = new CountDownLatch(2);
        scheduler.schedule(DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), group -> {
            rounds.countDown();
            throw new IllegalStateException("broken check");
        });
        assertTrue(rounds.await(10, TimeUnit.SECONDS));
    }

    @Test
    void forgetsACancelledDomainAndReplacesAScheduleThatIsGivenAgain() throws Exception {
        AtomicInteger old = new AtomicInteger();
        CountDownLatch replaced = new CountDownLatch(1);
        scheduler.schedule(
                DOMAIN,
                every(Duration.ofSeconds(1), Duration.ZERO),
                group -> old.incrementAndGet());
        scheduler.schedule(
                DOMAIN, every(Duration.ofSeconds(1), Duration.ZERO), group -> replaced.countDown());
        assertTrue(replaced.await(10, TimeUnit.SECONDS));
        assertEquals(0, old.get());
        scheduler.cancel(DOMAIN);
        scheduler.cancel(OTHER);
        assertFalse(scheduler.runNow(DOMAIN));
    }

    @Test
    void runsEachGroupOfADomainByItsOwnScheduleButNeverTwoAtOnce() throws Exception {
        AtomicInteger running = new AtomicInteger();
        AtomicInteger most = new AtomicInteger();
        CountDownLatch fast = new CountDownLatch(2);
        CountDownLatch slow = new CountDownLatch(1);
        scheduler.schedule(
                DOMAIN,
                new IntegritySettings(List.of(
                        new CheckGroup(
                                "fast",
                                new Schedule.Interval(Duration.ofSeconds(1)),
                                Duration.ZERO,
                                EnumSet.of(IntegrityCheck.HOOKS)),
                        new CheckGroup(
                                "cron",
                                new Schedule.Cron("* * * * * ?"),
                                Duration.ZERO,
                                EnumSet.of(IntegrityCheck.GATES)))),
                group -> {
                    most.accumulateAndGet(running.incrementAndGet(), Math::max);
                    pause(300);
                    running.decrementAndGet();
                    (group.name().equals("fast") ? fast : slow).countDown();
                });
        assertTrue(fast.await(10, TimeUnit.SECONDS));
        assertTrue(slow.await(10, TimeUnit.SECONDS));
        assertEquals(1, most.get());
    }

    @Test
    void startsNoRoundWhileADomainIsSuspendedAndOneOfEachGroupWhenThatIsOver() throws Exception {
        AtomicInteger rounds = new AtomicInteger();
        CountDownLatch ended = new CountDownLatch(1);
        scheduler.schedule(
                DOMAIN,
                every(Duration.ofSeconds(1), Duration.ZERO),
                group -> rounds.incrementAndGet());
        Instant until = Instant.now().plusMillis(2500);
        scheduler.suspend(DOMAIN, until, ended::countDown);
        assertEquals(Optional.of(until), scheduler.suspendedUntil(DOMAIN));
        pause(2200);
        assertEquals(0, rounds.get());
        assertTrue(ended.await(5, TimeUnit.SECONDS));
        for (int i = 0; i < 200 && rounds.get() == 0; i++) {
            pause(10);
        }
        assertTrue(rounds.get() > 0);
        assertEquals(Optional.empty(), scheduler.suspendedUntil(DOMAIN));
    }

    @Test
    void letsASuspensionBeEndedBeforeItsTimeOnce() throws Exception {
        CountDownLatch rounds = new CountDownLatch(1);
        scheduler.schedule(
                DOMAIN, every(Duration.ofHours(1), Duration.ZERO), group -> rounds.countDown());
        scheduler.suspend(DOMAIN, Instant.now().plusSeconds(3600), () -> {});
        assertTrue(scheduler.resume(DOMAIN));
        assertTrue(rounds.await(10, TimeUnit.SECONDS), "a round at once");
        assertFalse(scheduler.resume(DOMAIN));
    }

    @Test
    void makesUpOnceForRoundsThatWereMissed() {
        JobKey job = JobKey.jobKey("integrity", DOMAIN.toString());
        Trigger interval = RoundTriggers.scheduled(
                job,
                new CheckGroup(
                        "a",
                        new Schedule.Interval(Duration.ofSeconds(5)),
                        Duration.ZERO,
                        EnumSet.of(IntegrityCheck.HOOKS)));
        assertEquals(
                SimpleTrigger.MISFIRE_INSTRUCTION_RESCHEDULE_NOW_WITH_REMAINING_REPEAT_COUNT,
                interval.getMisfireInstruction());
        Trigger cron = RoundTriggers.scheduled(
                job,
                new CheckGroup(
                        "b",
                        new Schedule.Cron("0 0 * * * ?"),
                        Duration.ZERO,
                        EnumSet.of(IntegrityCheck.HOOKS)));
        assertEquals(CronTrigger.MISFIRE_INSTRUCTION_FIRE_ONCE_NOW, cron.getMisfireInstruction());
    }

    @Test
    void interruptsARoundThatDoesNotEndAndSaysSo() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        CountDownLatch interrupted = new CountDownLatch(1);
        try (CheckScheduler watched = new QuartzCheckScheduler(
                1, new Properties(), Duration.ofMillis(50), Duration.ofMillis(300))) {
            watched.onStuck((domain, what) -> said.add(domain + ": " + what));
            watched.schedule(DOMAIN, every(Duration.ofHours(1), Duration.ZERO), group -> {
                try {
                    new CountDownLatch(1).await();
                } catch (InterruptedException e) {
                    interrupted.countDown();
                }
            });
            watched.runNow(DOMAIN);
            assertTrue(interrupted.await(10, TimeUnit.SECONDS));
            String line = said.poll(10, TimeUnit.SECONDS);
            assertTrue(line.startsWith(DOMAIN + ": a round of group '-' has run for "), line);
        }
    }

    @Test
    void setsATriggerAnewThatIsOverdueThoughNoRoundRuns() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        CountDownLatch rounds = new CountDownLatch(1);
        try (QuartzCheckScheduler watched = new QuartzCheckScheduler(
                1, new Properties(), Duration.ofMillis(200), Duration.ofMillis(500))) {
            watched.onStuck((domain, what) -> said.add(what));
            watched.schedule(
                    DOMAIN,
                    every(Duration.ofSeconds(1), Duration.ZERO),
                    group -> rounds.countDown());
            watched.quartz().standby(); // as if it had lost its trigger: nothing fires any more
            String line = said.poll(10, TimeUnit.SECONDS);
            assertTrue(line.startsWith("the trigger of group '-' was overdue since "), line);
            watched.quartz().start();
            assertTrue(rounds.await(10, TimeUnit.SECONDS));
        }
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
