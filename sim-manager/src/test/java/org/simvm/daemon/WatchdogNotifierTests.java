// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@DisplayName("The sign of life for systemd")
@Timeout(120)
class WatchdogNotifierTests {
    private static final long PERIOD = 60_000;

    @Test
    @DisplayName("comes again and again with the status, while all is well")
    void alive() throws Exception {
        BlockingQueue<String> signs = new LinkedBlockingQueue<>();
        try (WatchdogNotifier sign = new WatchdogNotifier(
                PERIOD, List.of(Optional::empty), signs::add, () -> "1 of 2 domains armed")) {
            sign.start();
            for (int i = 0; i < 4; i++) {
                assertEquals("1 of 2 domains armed", signs.poll(10, TimeUnit.SECONDS));
            }
        }
    }

    @Test
    @DisplayName("stays away while something is wrong, and comes back when it is well again")
    void ill() throws Exception {
        BlockingQueue<String> signs = new LinkedBlockingQueue<>();
        AtomicReference<Optional<String>> healthProblem =
                new AtomicReference<>(Optional.of("nobody answers"));
        try (WatchdogNotifier sign = new WatchdogNotifier(
                PERIOD, List.of(Optional::empty, healthProblem::get), signs::add, () -> "")) {
            sign.start();
            assertEquals(null, signs.poll(10 * PERIOD, TimeUnit.MICROSECONDS));
            healthProblem.set(Optional.empty());
            assertEquals("", signs.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    @DisplayName("survives a probe that breaks, without a sign")
    void breaks() throws Exception {
        BlockingQueue<String> signs = new LinkedBlockingQueue<>();
        AtomicReference<Boolean> broken = new AtomicReference<>(true);
        try (WatchdogNotifier sign = new WatchdogNotifier(
                PERIOD,
                List.of(() -> {
                    if (broken.get()) {
                        throw new IllegalStateException("a probe that breaks");
                    }
                    return Optional.empty();
                }),
                signs::add,
                () -> "")) {
            sign.start();
            assertEquals(null, signs.poll(10 * PERIOD, TimeUnit.MICROSECONDS));
            broken.set(false);
            assertEquals("", signs.poll(10, TimeUnit.SECONDS));
        }
    }

    @Test
    @DisplayName("is given only if systemd asks this very process for it")
    void asked() {
        assertEquals(
                OptionalLong.of(30_000_000),
                ServiceNotification.watchdog(Map.of("WATCHDOG_USEC", "30000000"), 7));
        assertEquals(
                OptionalLong.of(5),
                ServiceNotification.watchdog(Map.of("WATCHDOG_USEC", "5", "WATCHDOG_PID", "7"), 7));
        assertEquals(
                OptionalLong.empty(),
                ServiceNotification.watchdog(Map.of("WATCHDOG_USEC", "5", "WATCHDOG_PID", "8"), 7));
        assertEquals(
                OptionalLong.empty(),
                ServiceNotification.watchdog(Map.of("WATCHDOG_USEC", "soon"), 7));
        assertEquals(OptionalLong.empty(), ServiceNotification.watchdog(Map.of(), 7));
    }
}
