// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.nio.ByteBuffer;

/** Receives the pieces of a range of guest memory one after the other, without a copy. */
@FunctionalInterface
public interface SliceVisitor {
    /**
     * Receives one piece.
     *
     * @param gpa guest-physical address of the first byte of the piece
     * @param slice the bytes, read-only, little-endian, from position 0 to the limit. They may
     *     change while they are read, and they read as zero once the memory has been closed: keep
     *     results, not the slice.
     * @throws GuestMemoryException to end the visit
     */
    void visit(long gpa, ByteBuffer slice) throws GuestMemoryException;
}
