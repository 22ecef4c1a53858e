// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import org.apache.commons.text.similarity.LevenshteinDistance;

/**
 * A parameter of a monitor that the domain XML may set: {@code struct sim_parameter_declaration} of
 * {@code sim_monitor.h}.
 *
 * @param name as the domain XML writes it
 * @param type how its text becomes bytes
 * @param address of the value in the ELF file, as linked
 * @param size bytes at {@code address}, a multiple of 8
 * @param names for {@link Type#SET}: which bits each name sets; else empty
 */
public record ParameterDeclaration(
        String name, Type type, long address, int size, Map<String, List<Integer>> names) {
    /** Letters that a slip of the keyboard changes, at most. */
    private static final int LONGEST_SLIP = 2;

    private static final String NUMBERS = "a number from 0 to 2^64 - 1, decimal or with 0x";

    public ParameterDeclaration {
        names = Map.copyOf(names);
    }

    /**
     * Turns the text of the domain XML into the bytes that go to {@link #address()}.
     *
     * @return {@link #size()} bytes
     * @throws RegionException if the text is not of the parameter's type; one line that says what
     *     would be
     */
    public byte[] encode(String text) throws RegionException {
        ByteBuffer bytes = ByteBuffer.allocate(size).order(ByteOrder.LITTLE_ENDIAN);
        switch (type) {
            case NUMBER -> bytes.putLong(number(text));
            case BOOLEAN ->
                bytes.putLong(
                        switch (text) {
                            case "yes" -> 1;
                            case "no" -> 0;
                            default -> throw fault(text, "yes or no");
                        });
            case SET -> setBits(text, bytes);
        }
        return bytes.array();
    }

    private long number(String text) throws RegionException {
        if (!text.matches("[0-9]+|0x[0-9a-fA-F]+")) {
            throw fault(text, NUMBERS);
        }
        try {
            return text.startsWith("0x")
                    ? Long.parseUnsignedLong(text.substring(2), 16)
                    : Long.parseUnsignedLong(text);
        } catch (NumberFormatException error) {
            throw fault(text, NUMBERS);
        }
    }

    private void setBits(String text, ByteBuffer bytes) throws RegionException {
        if (text.equals("none")) {
            return;
        }
        if (text.equals("all")) {
            // Every bit, named or not: a system call that no table here knows yet is one of "all".
            for (int at = 0; at < bytes.capacity(); at++) {
                bytes.put(at, (byte) 0xff);
            }
            return;
        }
        for (String name : text.split(",", -1)) {
            List<Integer> bits = names.get(name.strip());
            if (bits == null) {
                throw new RegionException("parameter " + this.name + ": '" + name.strip()
                        + "' is none of its " + names.size() + " names" + meant(name.strip())
                        + "; write 'all', 'none' or names separated by commas");
            }
            bits.forEach(bit -> setBit(bytes, bit));
        }
    }

    /** Says which name is most like one that is not there; nothing if none is. */
    private String meant(String wrong) {
        LevenshteinDistance distance = new LevenshteinDistance(LONGEST_SLIP);
        return names.keySet().stream()
                .filter(name -> distance.apply(wrong, name) >= 0)
                .min(Comparator.comparingInt((String name) -> distance.apply(wrong, name))
                        .thenComparing(Comparator.naturalOrder()))
                .map(name -> " (did you mean '" + name + "'?)")
                .orElse("");
    }

    private static void setBit(ByteBuffer bytes, int bit) {
        int at = bit / 64 * 8;
        bytes.putLong(at, bytes.getLong(at) | 1L << bit % 64);
    }

    private RegionException fault(String text, String wanted) {
        return new RegionException("parameter " + name + ": '" + text + "' is not " + wanted);
    }

    /** How the text of a parameter becomes bytes ({@code SIM_PARAMETER_*}). */
    public enum Type {
        /** Decimal or 0x-prefixed, unsigned 64-bit. */
        NUMBER,
        /** {@code yes} or {@code no}. */
        BOOLEAN,
        /** {@code all}, {@code none}, or names separated by commas. */
        SET
    }
}
