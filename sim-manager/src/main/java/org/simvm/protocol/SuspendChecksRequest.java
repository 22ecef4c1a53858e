// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.Optional;

/**
 * The arguments of {@code suspend-checks}.
 *
 * @param domain its name, id or UUID
 * @param seconds for how long
 * @param reason for the audit trail
 */
public record SuspendChecksRequest(String domain, long seconds, Optional<String> reason) {}
