// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Prepares a domain before libvirt starts its QEMU, from the domain's XML alone.
 *
 * <p>{@link org.simvm.prepare.Preparation} reads from the XML what is asked for, a
 * {@link org.simvm.prepare.DomainSpec}, and then makes the domain's run directory with the region
 * file and the launch file in it. libvirt waits meanwhile: gates and monitors are loaded once, and
 * nothing here asks libvirt.
 */
package org.simvm.prepare;
