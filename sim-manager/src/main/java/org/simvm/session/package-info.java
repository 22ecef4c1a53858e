// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * One life of a domain's QEMU: {@link org.simvm.session.DomainSession}.
 *
 * <p>It waits for QEMU's own socket and has each boot of the guest armed. While the guest runs, a
 * thread takes events out of the ring, the scheduler starts rounds of integrity checks, violations
 * come in from QEMU, and for gate {@code exit} the process with the monitors is kept alive. The
 * domain's policy says what is done about what they find. What the next manager must know to adopt
 * the guest is in {@code session.json}: {@link org.simvm.session.SessionNotes}.
 */
package org.simvm.session;
