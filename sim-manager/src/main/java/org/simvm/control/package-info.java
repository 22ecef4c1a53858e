// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The control socket: one Unix stream socket over which the CLI asks the manager, and libvirt's
 * hook asks it too.
 *
 * <p>{@link org.simvm.control.ControlServer} takes connections, reads one question from each, finds
 * out who asks (the kernel says, see {@link org.simvm.control.Peer}) and hands it to a
 * {@link org.simvm.control.ControlHandler}. {@link org.simvm.control.ControlClient} is the CLI's
 * end. The bytes on the wire are described in docs/interfaces.md, section 5. This package knows no
 * verb and no domain: what a question means is the handler's to say.
 */
package org.simvm.control;
