// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;

/**
 * Finds kallsyms' token table in a kernel image.
 *
 * <p>Digits are in symbol names, so the tokens of the ten digit characters stand for themselves,
 * and the table, in the order of characters, has the 20 bytes {@code "0\0" "1\0" ... "9\0"} in it.
 * What follows the table, the index of its 256 strings, confirms a find and tells where the table
 * begins.
 */
final class TokenSearch {
    private static final int FIRST_DIGIT = '0';
    private static final int DIGITS_SIZE = 20;
    /** Bytes of a table that begins and ends with the longest name that a token can have. */
    private static final int TABLE_LIMIT = 1 << 16;

    private static final int WINDOW = 1 << 20;
    /** Finds that are looked at; hostile memory could be full of digits. */
    private static final int CANDIDATE_LIMIT = 64;

    private static final int FOUND_LIMIT = 4;

    /**
     * A token table that its index confirms.
     *
     * @param start address of {@code kallsyms_token_table}
     * @param end first address behind {@code kallsyms_token_index}
     * @param tokens the strings
     */
    record Found(long start, long end, SymbolTokens tokens) {}

    private TokenSearch() {}

    /**
     * Returns the token tables in the image, in rising order; more than one only if something
     * imitates the real one.
     */
    static List<Found> search(KernelImage image) throws GuestMemoryException {
        List<Long> digits = new ArrayList<>();
        image.scan(WINDOW, DIGITS_SIZE, (va, bytes, length) -> {
            findDigits(va, bytes, length, digits);
            return digits.size() < CANDIDATE_LIMIT;
        });
        List<Found> found = new ArrayList<>();
        for (long address : digits) {
            Found table = confirm(image, address);
            if (table != null && found.size() < FOUND_LIMIT) {
                found.add(table);
            }
        }
        return found;
    }

    /**
     * Adds the addresses of "0\0 ... 9\0" in the window. Looks at 4 of 16 bytes: wherever the 20
     * bytes begin, one of the words looked at is wholly among them and has two successive digits
     * and two zeros.
     */
    private static void findDigits(long va, byte[] bytes, int length, List<Long> found) {
        int last = -1;
        for (int at = 0; at <= length - Integer.BYTES; at += DIGITS_SIZE - Integer.BYTES) {
            int word = LittleEndian.getInt(bytes, at);
            int start;
            if ((word & 0xff00ff00) == 0 && (word >>> 16) - (word & 0xff) == 1) {
                start = at - 2 * ((word & 0xff) - FIRST_DIGIT);
            } else if ((word & 0x00ff00ff) == 0 && (word >>> 24) - (word >>> 8 & 0xff) == 1) {
                start = at + 1 - 2 * ((word >>> 8 & 0xff) - FIRST_DIGIT);
            } else {
                continue;
            }
            // A start in the overlap is found by the next window.
            if (start > last && start >= 0 && start < WINDOW && isDigits(bytes, start, length)) {
                found.add(va + start);
                last = start;
                if (found.size() >= CANDIDATE_LIMIT) {
                    return;
                }
            }
        }
    }

    private static boolean isDigits(byte[] bytes, int start, int length) {
        if (length - start < DIGITS_SIZE) {
            return false;
        }
        for (int i = 0; i < DIGITS_SIZE; i++) {
            if (bytes[start + i] != (i % 2 == 0 ? FIRST_DIGIT + i / 2 : 0)) {
                return false;
            }
        }
        return true;
    }

    /** Reads the table around the digits at {@code digits}, or returns null if there is none. */
    private static Found confirm(KernelImage image, long digits) throws GuestMemoryException {
        VirtualRange run = image.run(digits);
        long from = Math.max(run.start(), digits - TABLE_LIMIT);
        long to = Math.min(run.end(), digits + TABLE_LIMIT + SymbolTokens.INDEX_SIZE + Long.BYTES);
        byte[] bytes = image.read(from, (int) (to - from));
        int digitsAt = (int) (digits - from);

        int[] starts = new int[SymbolTokens.COUNT];
        int end = digitsAt;
        for (int token = FIRST_DIGIT; token < SymbolTokens.COUNT; token++) {
            starts[token] = end;
            while (end < bytes.length && bytes[end] != 0) {
                end++;
            }
            end++;
        }
        for (int alignment = Short.BYTES; alignment <= Long.BYTES; alignment *= 2) {
            int index = align(from + end, alignment, from);
            if (index <= bytes.length - SymbolTokens.INDEX_SIZE
                    && confirmIndex(bytes, index, digitsAt, starts)) {
                int start = starts[0];
                byte[] strings = Arrays.copyOfRange(bytes, start, end);
                for (int token = 0; token < SymbolTokens.COUNT; token++) {
                    starts[token] -= start;
                }
                return new Found(
                        from + start,
                        from + index + SymbolTokens.INDEX_SIZE,
                        new SymbolTokens(strings, starts));
            }
        }
        return null;
    }

    private static int align(long va, int alignment, long from) {
        return (int) ((va + alignment - 1 & -alignment) - from);
    }

    /**
     * Compares the index with the strings from the digit 0 on, and takes the starts of the earlier
     * ones from it.
     */
    private static boolean confirmIndex(byte[] bytes, int index, int digitsAt, int[] starts) {
        int start = digitsAt - entry(bytes, index, FIRST_DIGIT);
        if (start < 0 || entry(bytes, index, 0) != 0) {
            return false;
        }
        for (int token = FIRST_DIGIT; token < SymbolTokens.COUNT; token++) {
            if (start + entry(bytes, index, token) != starts[token]) {
                return false;
            }
        }
        for (int token = 0; token < FIRST_DIGIT; token++) {
            int at = start + entry(bytes, index, token);
            int next = start + entry(bytes, index, token + 1);
            if (next <= at || next > digitsAt || bytes[next - 1] != 0) {
                return false;
            }
            starts[token] = at;
        }
        return true;
    }

    private static int entry(byte[] bytes, int index, int token) {
        return LittleEndian.getShort(bytes, index + token * Short.BYTES) & 0xffff;
    }
}
