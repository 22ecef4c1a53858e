// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.util.Arrays;
import java.util.HexFormat;

/**
 * Replaces bytes at a guest-physical address, if what is there is what the manager saw.
 *
 * @param gpa guest-physical address of the first byte
 * @param expect bytes that must be there, 1 to 4096, all within one page
 * @param data as many bytes to put there
 */
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
