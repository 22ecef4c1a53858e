// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.OptionalInt;

/**
 * The arguments of {@code audit}.
 *
 * @param limit how many entries to show at most, the latest of them; 100 if empty
 */
public record AuditRequest(OptionalInt limit) {}
