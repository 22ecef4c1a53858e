// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.OptionalLong;

/**
 * The arguments of {@code wait}.
 *
 * @param domain its name, id or UUID
 * @param milliseconds how long to wait for it to be armed at most; a minute if empty
 */
public record WaitRequest(String domain, OptionalLong milliseconds) {}
