// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * The arguments of {@code dumpxml}.
 *
 * @param domain its name, id or UUID
 * @param persistent whether to show what the next start will use, instead of the live XML
 */
public record DumpXmlRequest(String domain, boolean persistent) {}
