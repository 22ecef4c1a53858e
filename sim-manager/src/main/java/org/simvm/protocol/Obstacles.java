// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonUnwrapped;

import java.util.List;

/**
 * The answer to {@code obstacles}.
 *
 * @param domain the domain, as it is
 * @param obstacles everything that keeps its next start from being under SIM, each one line; empty
 *     if nothing does
 */
public record Obstacles(@JsonUnwrapped DomainSummary domain, List<String> obstacles) {
    public Obstacles {
        obstacles = List.copyOf(obstacles);
    }
}
