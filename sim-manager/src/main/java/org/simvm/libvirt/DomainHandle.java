// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import org.libvirt.jna.DomainPointer;

/** Owns a native reference to a domain and frees it when closed; for one call, by one thread. */
record DomainHandle(DomainPointer pointer) implements AutoCloseable {

    @Override
    public void close() {
        NativeLibvirt.INSTANCE.virDomainFree(pointer);
    }
}
