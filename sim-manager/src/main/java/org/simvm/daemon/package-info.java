// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The daemon: {@link org.simvm.daemon.Manager} puts all other packages together, starts them, and
 * stops them in reverse order.
 *
 * <p>What happens to a domain:
 *
 * <ol>
 *   <li>libvirt's hook asks {@code prepare}: {@code org.simvm.prepare} makes what QEMU will need.
 *   <li>{@code start}: a session of {@code org.simvm.session} begins to wait for QEMU, and arms
 *       each boot of the guest.
 *   <li>While the guest runs, events, findings and violations come from the session; the domain's
 *       policy decides, and {@code org.simvm.incident} does what it decided.
 *   <li>{@code release}: the session ends and the run directory is removed.
 * </ol>
 *
 * <p>A manager that is restarted finds the sessions of the one before it in the run directory and
 * adopts them.
 */
package org.simvm.daemon;
