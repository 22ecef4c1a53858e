// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

/**
 * What libvirt told its hook (https://libvirt.org/hooks.html).
 *
 * @param operation for instance {@code prepare}, {@code started}, {@code release}
 * @param subOperation {@code begin} or {@code end}
 * @param name the domain's name
 * @param xml the domain's live XML, metadata included
 */
public record HookCall(String operation, String subOperation, String name, String xml) {}
