// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.Optional;

/**
 * The arguments of {@code obstacles}.
 *
 * @param domain its name, id or UUID
 * @param element the {@code <sim:sim>} element to look at; if empty, that of the domain
 */
public record ObstaclesRequest(String domain, Optional<String> element) {}
