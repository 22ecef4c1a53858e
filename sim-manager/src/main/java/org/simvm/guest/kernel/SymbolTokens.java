// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.Arrays;

/**
 * The 256 strings that compressed symbol names are made of ({@code kallsyms_token_table}).
 *
 * <p>A name is a list of token numbers; the first character of the expansion is the symbol's type.
 * A token's hash is a polynomial, so the hash of a name follows from those of its tokens without
 * expanding it.
 */
final class SymbolTokens {
    /** Number of tokens. */
    static final int COUNT = 256;
    /** Bytes of {@code kallsyms_token_index}. */
    static final int INDEX_SIZE = COUNT * Short.BYTES;

    private static final int HASH_FACTOR = 31;

    private final byte[] bytes;
    private final int[] starts = new int[COUNT];
    private final int[] lengths = new int[COUNT];
    private final int[] hashes = new int[COUNT];
    private final int[] factors = new int[COUNT];
    private final int[] tailHashes = new int[COUNT];
    private final int[] tailFactors = new int[COUNT];
    private final boolean[] dotted = new boolean[COUNT];

    /**
     * Takes a checked table.
     *
     * @param bytes the zero-terminated strings
     * @param starts where each begins in {@code bytes}
     */
    SymbolTokens(byte[] bytes, int[] starts) {
        this.bytes = bytes;
        for (int token = 0; token < COUNT; token++) {
            int start = starts[token];
            int end = start;
            while (end < bytes.length && bytes[end] != 0) {
                end++;
            }
            this.starts[token] = start;
            lengths[token] = end - start;
            hashes[token] = polynomial(bytes, start, end);
            factors[token] = power(end - start);
            tailHashes[token] = polynomial(bytes, Math.min(start + 1, end), end);
            tailFactors[token] = power(Math.max(0, end - start - 1));
            for (int i = start; i < end; i++) {
                dotted[token] |= bytes[i] == '.';
            }
        }
    }

    /** Tells whether the other table has the same tokens. */
    boolean same(SymbolTokens other) {
        return Arrays.equals(bytes, other.bytes) && Arrays.equals(starts, other.starts);
    }

    /** Returns the hash of a name that is spelled out. */
    static int hash(byte[] name) {
        return polynomial(name, 0, name.length);
    }

    private static int polynomial(byte[] bytes, int start, int end) {
        int hash = 0;
        for (int i = start; i < end; i++) {
            hash = hash * HASH_FACTOR + bytes[i];
        }
        return hash;
    }

    private static int power(int exponent) {
        int result = 1;
        for (int i = 0; i < exponent; i++) {
            result *= HASH_FACTOR;
        }
        return result;
    }

    /**
     * Returns the hash of the name, without its type, that the tokens from {@code start} to
     * {@code end} spell.
     */
    int hash(byte[] names, int start, int end) {
        int hash = 0;
        if (start < end) {
            hash = tailHashes[names[start] & 0xff];
            for (int i = start + 1; i < end; i++) {
                int token = names[i] & 0xff;
                hash = hash * factors[token] + hashes[token];
            }
        }
        return hash;
    }

    /** Tells whether the tokens spell a type and then {@code name}. */
    boolean spells(byte[] names, int start, int end, byte[] name) {
        int at = -1;
        for (int i = start; i < end; i++) {
            int token = names[i] & 0xff;
            int from = starts[token];
            int length = lengths[token];
            if (at + length > name.length) {
                return false;
            }
            for (int j = 0; j < length; j++, at++) {
                if (at >= 0 && bytes[from + j] != name[at]) {
                    return false;
                }
            }
        }
        return at == name.length;
    }

    /** Tells whether the tokens spell a type and then a name that begins with {@code start}. */
    boolean begins(byte[] names, int start, int end, byte[] beginning) {
        int at = -1;
        for (int i = start; i < end && at < beginning.length; i++) {
            int token = names[i] & 0xff;
            for (int j = 0; j < lengths[token] && at < beginning.length; j++, at++) {
                if (at >= 0 && bytes[starts[token] + j] != beginning[at]) {
                    return false;
                }
            }
        }
        return at == beginning.length;
    }

    /** Tells whether a dot is among what the tokens spell. */
    boolean hasDot(byte[] names, int start, int end) {
        for (int i = start; i < end; i++) {
            if (dotted[names[i] & 0xff]) {
                return true;
            }
        }
        return false;
    }

    /** Returns the type letter, or '?' for an empty name. */
    char type(byte[] names, int start, int end) {
        int token = start < end ? names[start] & 0xff : -1;
        return token < 0 || lengths[token] == 0 ? '?' : (char) (bytes[starts[token]] & 0x7f);
    }

    /**
     * Returns the name without its type, cut at {@code limit} characters; what isn't printable
     * ASCII becomes '?'.
     */
    String name(byte[] names, int start, int end, int limit) {
        StringBuilder name = new StringBuilder(48);
        boolean typeSeen = false;
        for (int i = start; i < end && name.length() < limit; i++) {
            int token = names[i] & 0xff;
            for (int j = 0; j < lengths[token] && name.length() < limit; j++) {
                byte character = bytes[starts[token] + j];
                if (typeSeen) {
                    name.append(character > ' ' && character < 0x7f ? (char) character : '?');
                }
                typeSeen = true;
            }
        }
        return name.toString();
    }
}
