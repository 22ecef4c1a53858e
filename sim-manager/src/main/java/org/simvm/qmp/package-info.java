// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Speaks QMP with the region device of one QEMU, over the manager's own Unix socket.
 *
 * <p>{@link org.simvm.qmp.QmpClient} is the wire: greeting, capabilities, commands matched to
 * answers by their id, events handed out in order on a thread of their own, and the loss of the
 * connection as one last notice. {@link org.simvm.qmp.SimDevice} puts the device's commands and
 * events (<code>docs/interfaces.md</code> section 3) over it as records. The socket belongs to the
 * manager alone, so no command here ever waits for libvirt's lock of the domain.
 *
 * <p>QEMU is trusted. What it hands on from the guest (addresses, bytes, registers) is not, and
 * stays plain numbers and bytes here.
 */
package org.simvm.qmp;
