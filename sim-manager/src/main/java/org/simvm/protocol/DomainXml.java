// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * The answer to {@code dumpxml}.
 *
 * @param xml the domain's XML as libvirt has it
 */
public record DomainXml(String xml) {}
