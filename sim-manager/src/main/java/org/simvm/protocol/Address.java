// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonCreator;
import com.fasterxml.jackson.annotation.JsonValue;

/**
 * An address, or another 64-bit value, which is a hexadecimal string on the wire: a JSON number
 * would lose bits.
 *
 * @param value unsigned
 */
public record Address(long value) {
    /**
     * Reads what {@link #toString} writes.
     *
     * @throws IllegalArgumentException it is no such thing
     */
    @JsonCreator
    public static Address of(String text) {
        if (!text.startsWith("0x")) {
            throw new IllegalArgumentException("'" + text + "' is no hexadecimal address");
        }
        return new Address(Long.parseUnsignedLong(text.substring(2), 16));
    }

    /** Returns, for instance, {@code 0xffffffff81000000}. */
    @Override
    @JsonValue
    public String toString() {
        return "0x" + Long.toHexString(value);
    }
}
