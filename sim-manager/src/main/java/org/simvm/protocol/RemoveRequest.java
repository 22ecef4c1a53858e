// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.Optional;

/**
 * The arguments of {@code remove}.
 *
 * @param domain its name, id or UUID
 * @param live whether to change the running domain's copy
 * @param persistent whether to change the persistent copy; if empty, unless {@code live}
 */
public record RemoveRequest(String domain, boolean live, Optional<Boolean> persistent) {}
