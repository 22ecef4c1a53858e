// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * The arguments of {@code info}.
 *
 * @param domain its name, id or UUID
 * @param layout whether to show where its region is, which needs {@link Access#ROOT}
 */
public record InfoRequest(String domain, boolean layout) {}
