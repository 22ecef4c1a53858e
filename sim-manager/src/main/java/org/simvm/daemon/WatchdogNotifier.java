// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.ScheduledFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Gives systemd a sign of life, three times in each period of its watchdog, while everything that
 * must live lives. When something does not, there is no sign, and systemd restarts the manager,
 * which takes the guests up. A domain that hangs is no such thing: it delays itself alone.
 */
final class WatchdogNotifier implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(WatchdogNotifier.class);
    private static final int SIGNS_A_PERIOD = 3;

    private final List<Supplier<Optional<String>>> probes;
    private final Consumer<String> sign;
    private final Supplier<String> status;
    private final ScheduledExecutorService clock;
    private final long pause;
    private String told = "";

    /**
     * @param periodMicroseconds of systemd's watchdog
     * @param probes each returns what is wrong, one line, or nothing
     * @param sign takes the status and tells systemd
     */
    WatchdogNotifier(
            long periodMicroseconds,
            List<Supplier<Optional<String>>> probes,
            Consumer<String> sign,
            Supplier<String> status) {
        this.probes = List.copyOf(probes);
        this.sign = sign;
        this.status = status;
        this.clock = Executors.newSingleThreadScheduledExecutor(task -> {
            Thread thread = new Thread(task, "life-sign");
            thread.setDaemon(true);
            return thread;
        });
        this.pause = Math.max(1, periodMicroseconds / SIGNS_A_PERIOD);
    }

    /** Begins to give signs of life. */
    void start() {
        ScheduledFuture<?> unused =
                clock.scheduleAtFixedRate(this::look, pause, pause, TimeUnit.MICROSECONDS);
    }

    private void look() {
        try {
            Optional<String> wrong =
                    probes.stream().map(Supplier::get).flatMap(Optional::stream).findFirst();
            if (wrong.isEmpty()) {
                sign.accept(status.get());
            } else if (!wrong.get().equals(told)) {
                log.error(
                        "{}; no sign of life is given until it is well again, and the service "
                                + "will be restarted",
                        wrong.get());
            }
            told = wrong.orElse("");
        } catch (RuntimeException e) {
            log.error("no sign of life could be given", e);
        }
    }

    @Override
    public void close() {
        clock.shutdownNow();
    }
}
