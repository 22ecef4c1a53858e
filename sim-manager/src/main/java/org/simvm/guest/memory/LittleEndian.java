// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * Reads little-endian values out of a byte array; an index outside it is an
 * {@link IndexOutOfBoundsException}.
 */
public final class LittleEndian {
    private static final VarHandle LONG =
            MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle INT =
            MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
    private static final VarHandle SHORT =
            MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);

    private LittleEndian() {}

    /** Returns the 8 bytes at {@code index}. */
    public static long getLong(byte[] bytes, int index) {
        return (long) LONG.get(bytes, index);
    }

    /** Returns the 4 bytes at {@code index}. */
    public static int getInt(byte[] bytes, int index) {
        return (int) INT.get(bytes, index);
    }

    /** Returns the 2 bytes at {@code index}. */
    public static short getShort(byte[] bytes, int index) {
        return (short) SHORT.get(bytes, index);
    }
}
