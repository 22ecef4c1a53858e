// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * One verb of the control socket: a row of {@link Verbs}.
 *
 * @param <Q> its arguments
 * @param <A> one of its answers
 * @param name the word on the wire
 * @param access what a peer needs; single arguments may need more
 * @param audited whether its use is kept in the audit trail
 * @param request the record of its arguments
 * @param answer the record of one of its answers
 */
public record Verb<Q extends Record, A extends Record>(
        String name, Access access, boolean audited, Class<Q> request, Class<A> answer) {}
