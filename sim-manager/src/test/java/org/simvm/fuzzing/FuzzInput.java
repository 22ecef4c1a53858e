// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.fuzzing;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;

/** A fuzzer's bytes, read as little-endian numbers; zeros follow their end. */
public final class FuzzInput {
    private final ByteBuffer bytes;

    /** Reads these bytes from their start. */
    public FuzzInput(byte[] bytes) {
        this.bytes = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    }

    /** Tells whether bytes are left. */
    public boolean more() {
        return bytes.hasRemaining();
    }

    /** Takes the next bytes as an unsigned number, 1 to 8 of them. */
    public long number(int size) {
        long value = 0;
        for (int i = 0; i < size && bytes.hasRemaining(); i++) {
            value |= (bytes.get() & 0xffL) << (8 * i);
        }
        return value;
    }

    /** Takes a number from 0 to {@code bound - 1}, from as few bytes as it needs. */
    public int below(int bound) {
        int size = bound <= 1 << 8 ? 1 : bound <= 1 << 16 ? 2 : 4;
        return (int) (number(size) % bound);
    }

    /** Takes so many bytes, or those that are left. */
    public byte[] bytes(int length) {
        byte[] taken = new byte[Math.min(length, bytes.remaining())];
        bytes.get(taken);
        return taken;
    }

    /** Takes all that are left. */
    public byte[] rest() {
        return bytes(bytes.remaining());
    }
}
