// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Which domains there are, and what is known of each.
 *
 * <p>{@link org.simvm.registry.ManagedDomain} answers from memory whatever is asked about a domain
 * and enters its states; {@link org.simvm.registry.DomainRegistry} finds it;
 * {@link org.simvm.registry.SessionKeeper} opens and ends its sessions, and adopts those of an
 * earlier manager.
 */
package org.simvm.registry;
