// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Follows libvirt's events and keeps the XML of persistent domains as their {@code <sim:sim>}
 * element wants it: {@link org.simvm.reconcile.Reconciler}.
 */
package org.simvm.reconcile;
