// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The daemon: wires all other packages together and keeps them going.
 *
 * <p>{@link org.simvm.daemon.Manager} is one running manager. What it does for a domain, in order:
 *
 * <ol>
 *   <li>libvirt's hook asks {@code prepare}: from the XML that it brings, and from nothing else,
 *       {@code Preparation} makes the region file and the launch file in the domain's run
 *       directory. libvirt waits, so this takes milliseconds and never asks libvirt.
 *   <li>{@code start}: a {@code DomainSession} begins to wait for QEMU's own socket, and arms each
 *       boot of the guest.
 *   <li>While the guest runs, {@code RingDrain} takes events out of the ring, the scheduler starts
 *       rounds of integrity checks, and violations come in from QEMU; the domain's policy says what
 *       is done about them.
 *   <li>{@code release}: the session ends and the run directory goes away.
 * </ol>
 *
 * <p>Beside that, {@code Reconciler} follows libvirt's events and keeps the XML of persistent
 * domains as their {@code <sim:sim>} element wants it. Whatever may block (any call to libvirt,
 * above all) is done by a worker that belongs to one domain, so that a stuck domain holds up nobody
 * else.
 *
 * <p>A manager that is started anew finds the sessions of the one before it in the run directory
 * and takes them up.
 */
package org.simvm.daemon;
