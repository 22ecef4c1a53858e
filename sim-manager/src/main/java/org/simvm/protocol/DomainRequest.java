// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * The arguments of a verb that takes a domain alone.
 *
 * @param domain its name, id or UUID
 */
public record DomainRequest(String domain) {}
