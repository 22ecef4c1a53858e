// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import java.util.UUID;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.domain.DomainState;
import org.simvm.protocol.Codec;
import org.simvm.protocol.DomainCounts;

@DisplayName("virt-sim top")
@Timeout(120)
class TopTests {
    @TempDir
    Path folder;

    private FakeManager manager;

    @BeforeEach
    void start() throws Exception {
        manager = new FakeManager(folder);
    }

    @AfterEach
    void stop() {
        manager.close();
    }

    private static DomainCounts counts(String name, long nanos, long calls) {
        return counts(name, nanos, calls, Optional.empty());
    }

    private static DomainCounts counts(
            String name, long nanos, long calls, Optional<DomainCounts.Round> lastCheck) {
        return new DomainCounts(
                name,
                new UUID(0, name.hashCode()),
                DomainState.ARMED,
                Optional.of("vmfunc"),
                nanos,
                OptionalLong.of(calls),
                OptionalLong.of(calls / 2),
                OptionalLong.of(0),
                OptionalLong.of(0),
                0,
                0,
                0,
                false,
                lastCheck,
                OptionalDouble.empty(),
                OptionalDouble.empty(),
                OptionalDouble.empty());
    }

    @Test
    @DisplayName("shows rates once when it is not on a terminal, the busiest domain first")
    void once() {
        manager.answers(counts("quiet", 0, 10), counts("busy", 0, 1000));
        manager.answers(
                counts("quiet", 2_000_000_000L, 30),
                counts(
                        "busy",
                        2_000_000_000L,
                        3000,
                        Optional.of(new DomainCounts.Round(Instant.now(), 1, 2))));
        List<String> lines = manager.run("top", "-d", "0.1")
                .out()
                .lines()
                .map(line -> line.strip().replaceAll(" +", " "))
                .toList();
        assertEquals(4, lines.size());
        assertTrue(
                lines.get(2).matches("busy armed vmfunc 1000 500 0 0 [0-9] s ago, 2 found 0 0"),
                lines.get(2));
        assertEquals("quiet armed vmfunc 10 5 0 0 - 0 0", lines.get(3));
    }

    @Test
    @DisplayName("takes a counter that is lower than before as one that began again")
    void reset() throws Exception {
        manager.answers(counts("web", 0, 5000));
        manager.answers(counts("web", 1_000_000_000L, 40));
        DomainCounts shown =
                Codec.read(manager.run("top", "-d", "0.1", "-o", "json").out(), DomainCounts.class);
        assertEquals(40.0, shown.callsPerSecond().orElseThrow());
        assertEquals(DomainState.ARMED, shown.state());
    }

    @Test
    @DisplayName("shows a screen's busiest domains below a line about all")
    void screen() {
        DomainCounts before = counts("web", 0, 0);
        List<DomainCounts> three = List.of(
                counts("web", 1_000_000_000L, 7).withRatesSince(before),
                counts("db", 0, 0),
                counts("mail", 0, 0));
        List<String> all = TopText.screen(three, 50).lines().toList();
        assertTrue(all.get(0).endsWith("  3 domains under SIM, 3 armed, 7 calls/s"), all.get(0));
        assertEquals(7, all.size());
        List<String> some = TopText.screen(three, 6).lines().toList();
        assertTrue(some.get(0).endsWith("7 calls/s (the busiest 2)"), some.get(0));
        assertEquals(6, some.size());
    }

    @Test
    @DisplayName("takes no interval that makes no sense")
    void interval() {
        manager.answers(counts("web", 0, 0));
        assertEquals(2, manager.run("top", "-d", "0").status());
        assertEquals(2, manager.run("top", "-d", "NaN").status());
    }
}
