// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What the manager answers on its control sockets: domain objects in, records of the protocol out.
 *
 * <p>{@link org.simvm.api.ManagerApi} takes a request, finds the verb's row in
 * {@link org.simvm.protocol.Verbs}, sees that the peer may use it, has its handler answer, and
 * keeps in the audit trail what changes something. Handlers are in groups by what they need
 * ({@link org.simvm.api.VerbGroup}). {@link org.simvm.api.HookResponder} answers libvirt's hook.
 */
package org.simvm.api;
