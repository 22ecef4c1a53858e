// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.OptionalInt;

/**
 * The arguments of {@code violations} and {@code findings}.
 *
 * @param domain its name, id or UUID
 * @param limit how many to show at most, the latest of them; all in memory if empty
 */
public record IncidentsRequest(String domain, OptionalInt limit) {}
