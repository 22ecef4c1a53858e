// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;

/**
 * Replaces bytes at a guest-physical address, if what is there is what the manager saw.
 *
 * @param gpa guest-physical address of the first byte
 * @param expect bytes that must be there, 1 to 4096, all within one page
 * @param data as many bytes to put there
 */
@SuppressWarnings("ArrayRecordComponent") // cloned and compared by value here
public record GuestWrite(long gpa, byte[] expect, byte[] data) {
    private static final int PAGE = 4096;

    public GuestWrite {
        if (expect.length != data.length
                || data.length == 0
                || Long.remainderUnsigned(gpa, PAGE) + data.length > PAGE) {
            throw new IllegalArgumentException("a guest write at " + Long.toHexString(gpa) + " of "
                    + data.length + " bytes over " + expect.length + " expected ones");
        }
        expect = expect.clone();
        data = data.clone();
    }

    /** Returns the write, or the two writes if it crosses a page boundary. */
    public static List<GuestWrite> split(long gpa, byte[] expect, byte[] data) {
        int first = (int) Math.min(data.length, PAGE - (gpa & (PAGE - 1)));
        if (first == data.length) {
            return List.of(new GuestWrite(gpa, expect, data));
        }
        return List.of(
                new GuestWrite(gpa, Arrays.copyOf(expect, first), Arrays.copyOf(data, first)),
                new GuestWrite(
                        gpa + first,
                        Arrays.copyOfRange(expect, first, data.length),
                        Arrays.copyOfRange(data, first, data.length)));
    }

    /** Returns the write, or the two writes, of a little-endian number of 8 bytes. */
    public static List<GuestWrite> number(long gpa, long expect, long data) {
        return split(gpa, littleEndian(expect), littleEndian(data));
    }

    private static byte[] littleEndian(long value) {
        return ByteBuffer.allocate(Long.BYTES)
                .order(ByteOrder.LITTLE_ENDIAN)
                .putLong(value)
                .array();
    }

    @Override
    public byte[] expect() {
        return expect.clone();
    }

    @Override
    public byte[] data() {
        return data.clone();
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof GuestWrite write
                && gpa == write.gpa
                && Arrays.equals(expect, write.expect)
                && Arrays.equals(data, write.data);
    }

    @Override
    public int hashCode() {
        return 31 * (31 * Long.hashCode(gpa) + Arrays.hashCode(expect)) + Arrays.hashCode(data);
    }

    @Override
    public String toString() {
        HexFormat hex = HexFormat.of();
        return "GuestWrite[gpa=" + Long.toHexString(gpa) + ", " + hex.formatHex(expect) + " -> "
                + hex.formatHex(data) + "]";
    }
}
