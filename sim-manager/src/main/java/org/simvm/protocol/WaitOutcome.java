// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import org.simvm.domain.DomainState;

/**
 * The answer to {@code wait}.
 *
 * @param state what SIM has the domain in at the end of the wait
 */
public record WaitOutcome(DomainState state) {}
