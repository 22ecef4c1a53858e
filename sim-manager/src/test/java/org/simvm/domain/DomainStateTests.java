// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.domain;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The state of a domain")
class DomainStateTests {
    /** What may follow, beside what may follow each state: no session, or that of a new start. */
    private static final Map<String, String> WITHIN_A_SESSION = Map.of(
            "prepared", "connecting",
            "connecting", "waiting failed gone stopped",
            "waiting", "resolving mapped failed gone stopped",
            "resolving", "preparing waiting failed gone stopped",
            "preparing", "mapped waiting failed gone stopped",
            "mapped", "armed waiting failed gone stopped",
            "armed", "waiting failed gone stopped",
            "failed", "waiting resolving gone stopped",
            "stopped", "waiting gone");

    private static final List<String> ALWAYS =
            List.of("none", "invalid", "inactive", "unprotected", "prepared");

    static Stream<Arguments> everyPair() {
        return Arrays.stream(DomainState.values())
                .flatMap(from -> Arrays.stream(DomainState.values())
                        .map(to -> Arguments.of(from, to, isLegal(from.word(), to.word()))));
    }

    private static boolean isLegal(String from, String to) {
        return !from.equals(to)
                && (ALWAYS.contains(to)
                        || List.of(WITHIN_A_SESSION.getOrDefault(from, "").split(" "))
                                .contains(to));
    }

    @ParameterizedTest(name = "{0} to {1}: {2}")
    @MethodSource("everyPair")
    @DisplayName("is followed by those that can follow it, and by no other")
    void transition(DomainState from, DomainState to, boolean legal) {
        assertEquals(legal, from.mayBecome(to));
        if (legal) {
            assertSame(to, from.become(to));
        } else {
            IllegalStateException error =
                    assertThrows(IllegalStateException.class, () -> from.become(to));
            assertEquals(
                    "a domain that is " + from.word() + " can't become " + to.word(),
                    error.getMessage());
        }
    }

    @Test
    @DisplayName("has the word that docs/interfaces.md lists")
    void words() {
        assertEquals(
                List.of(
                        "none",
                        "invalid",
                        "inactive",
                        "unprotected",
                        "prepared",
                        "connecting",
                        "waiting",
                        "resolving",
                        "preparing",
                        "mapped",
                        "armed",
                        "failed",
                        "gone",
                        "stopped"),
                Arrays.stream(DomainState.values()).map(DomainState::word).toList());
        for (DomainState state : DomainState.values()) {
            assertEquals(Optional.of(state), DomainState.ofWord(state.word()));
        }
        assertEquals(Optional.empty(), DomainState.ofWord("ARMED"));
    }

    @Test
    @DisplayName("is a step of arming, or settled, or neither, but not both")
    void kinds() {
        for (DomainState state : DomainState.values()) {
            assertFalse(state.isStep() && state.isSettled(), state.word());
            assertFalse(state.isAlarming() && !state.isSettled(), state.word());
        }
        assertTrue(DomainState.MAPPED.isStep());
        assertFalse(DomainState.ARMED.isStep());
        assertFalse(DomainState.ARMED.isAlarming());
        assertTrue(DomainState.UNPROTECTED.isAlarming());
    }
}
