// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.Arrays;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;

/**
 * The compressed symbol names ({@code kallsyms_names}), found backwards from the token table.
 *
 * <p>Every layout has, one behind the other, {@code kallsyms_num_syms} (32 bits),
 * {@code kallsyms_names} and {@code kallsyms_markers} (32 bits each: where every 256th name begins,
 * so 0 first, then rising), then the token table; old layouts that were given
 * {@code kallsyms_seqs_of_names} (3 bytes for each symbol) have it in between. The gaps are
 * alignment. Neither the version nor one marker alone tells where things are: the markers are
 * searched by their shape, the count and the first name so that all names and all markers agree.
 *
 * <p>A name is its length (one byte, or two from Linux 6.1 on, when the first one's high bit is
 * set: low 7 bits first) and that many token numbers.
 *
 * @param countAddress address of {@code kallsyms_num_syms}
 * @param bytes the names, one behind the other
 * @param positions where each begins in {@code bytes}, at its length; one more entry holds the end
 *     of the last
 */
record NameList(long countAddress, byte[] bytes, int[] positions) {
    /** Symbols that a kernel may have at most. Debian's have up to 187,000. */
    static final int COUNT_LIMIT = 1_000_000;
    /** A kernel with fewer symbols is none: it takes 4 markers to tell them from other numbers. */
    static final int COUNT_MINIMUM = 769;

    private static final int MARKER_INTERVAL = 256;
    /**
     * Names, markers and sequences may have so many bytes; first what suffices for Debian's kernels
     * (3 MiB).
     */
    private static final int[] SIZE_LIMITS = {4 << 20, 12 << 20};

    private static final int ENTRY_MINIMUM = 2;
    /** Length, type and the 512 characters of {@code KSYM_NAME_LEN}, none of them compressed. */
    private static final int ENTRY_LIMIT = 2 + 1 + 512;

    private static final int PADDING_LIMIT = 16;
    /**
     * Words and names that are looked at for one token table; hostile memory can be made of
     * lookalikes.
     */
    private static final long WORK_LIMIT = 100_000_000;

    /** Finds the names that belong to the token table at {@code tokens}, or returns null. */
    static NameList find(KernelImage image, long tokens) throws GuestMemoryException {
        for (int limit : SIZE_LIMITS) {
            NameList names = find(image, tokens, limit);
            if (names != null) {
                return names;
            }
        }
        return null;
    }

    private static NameList find(KernelImage image, long tokens, int limit)
            throws GuestMemoryException {
        long from = Math.max(image.run(tokens).start(), tokens - limit);
        byte[] bytes = image.read(from, (int) (tokens - from));
        // The token table is aligned to 4 at least, so counting from the end keeps words aligned.
        Search search = new Search(from, bytes);
        for (int at = bytes.length - 4 * Integer.BYTES;
                at >= 0 && search.work >= 0;
                at -= Integer.BYTES) {
            if (LittleEndian.getInt(bytes, at) == 0 && risesFrom(bytes, at) >= 4) {
                NameList names = search.withMarkers(at);
                if (names != null) {
                    return names;
                }
            }
        }
        return null;
    }

    /** Returns the number of symbols. */
    int count() {
        return positions.length - 1;
    }

    /** Returns where the token numbers of a name begin in {@link #bytes}. */
    int tokensStart(int symbol) {
        int position = positions[symbol];
        return bytes[position] < 0 ? position + 2 : position + 1;
    }

    /** Returns where the token numbers of a name end in {@link #bytes}. */
    int tokensEnd(int symbol) {
        return positions[symbol + 1];
    }

    /**
     * Returns how many words from {@code at} on could be markers, at most those for
     * {@link #COUNT_LIMIT} symbols.
     */
    private static int risesFrom(byte[] bytes, int at) {
        int count = 1;
        int before = 0;
        while (count <= COUNT_LIMIT / MARKER_INTERVAL
                && at + count * Integer.BYTES <= bytes.length - Integer.BYTES) {
            int marker = LittleEndian.getInt(bytes, at + count * Integer.BYTES);
            int difference = marker - before;
            if (difference < MARKER_INTERVAL * ENTRY_MINIMUM
                    || difference > MARKER_INTERVAL * ENTRY_LIMIT) {
                break;
            }
            before = marker;
            count++;
        }
        return count;
    }

    /** The bytes before a token table. */
    private static final class Search {
        private final long from;
        private final byte[] bytes;
        private long work = WORK_LIMIT;

        Search(long from, byte[] bytes) {
            this.from = from;
            this.bytes = bytes;
        }

        /** Returns the names whose markers begin at {@code markers}, or null. */
        NameList withMarkers(int markers) {
            int rising = risesFrom(bytes, markers);
            int lowest =
                    Math.max(0, markers - rising * MARKER_INTERVAL * ENTRY_LIMIT - PADDING_LIMIT);
            work -= (markers - lowest) / Integer.BYTES;
            for (int at = markers - Integer.BYTES; at >= lowest && work >= 0; at -= Integer.BYTES) {
                int count = LittleEndian.getInt(bytes, at);
                if (count < COUNT_MINIMUM || count > COUNT_LIMIT || !gapFits(markers, count)) {
                    continue;
                }
                int lastMarker = (count - 1) / MARKER_INTERVAL;
                if (lastMarker >= rising) {
                    continue;
                }
                int lastBlock = LittleEndian.getInt(bytes, markers + lastMarker * Integer.BYTES);
                for (int gap = Integer.BYTES; gap <= PADDING_LIMIT; gap += Integer.BYTES) {
                    int names = at + gap;
                    long tail = (long) markers - names - lastBlock;
                    if (tail < ENTRY_MINIMUM
                            || tail > (long) MARKER_INTERVAL * ENTRY_LIMIT + PADDING_LIMIT) {
                        continue;
                    }
                    int[] positions = walk(names, count, markers);
                    if (positions != null) {
                        return new NameList(
                                from + at,
                                Arrays.copyOfRange(bytes, names, names + positions[count]),
                                positions);
                    }
                }
            }
            return null;
        }

        /**
         * Tells whether the bytes from the markers' end to the token table are padding, or
         * sequences and padding.
         */
        private boolean gapFits(int markers, int count) {
            int blocks = (count + MARKER_INTERVAL - 1) / MARKER_INTERVAL;
            int gap = bytes.length - markers - blocks * Integer.BYTES;
            int withSequences = gap - 3 * count;
            return (gap >= 0 && gap < PADDING_LIMIT)
                    || (withSequences >= 0 && withSequences < PADDING_LIMIT);
        }

        /**
         * Follows the lengths through all names; returns their places, or null where a marker
         * disagrees.
         */
        private int[] walk(int names, int count, int markers) {
            work -= MARKER_INTERVAL;
            if (!blockFits(names, markers)) {
                return null;
            }
            work -= count;
            int[] positions = new int[count + 1];
            int at = names;
            for (int symbol = 0; symbol < count; symbol++) {
                if (symbol % MARKER_INTERVAL == 0
                        && LittleEndian.getInt(
                                        bytes, markers + symbol / MARKER_INTERVAL * Integer.BYTES)
                                != at - names) {
                    return null;
                }
                positions[symbol] = at - names;
                at = next(at, markers);
                if (at < 0) {
                    return null;
                }
            }
            positions[count] = at - names;
            if (markers - at >= PADDING_LIMIT) {
                return null;
            }
            while (at < markers) {
                if (bytes[at++] != 0) {
                    return null;
                }
            }
            return positions;
        }

        /**
         * Tells whether the first 256 names end at the second marker: cheap, and nearly always
         * enough to refuse.
         */
        private boolean blockFits(int names, int markers) {
            int at = names;
            for (int i = 0; i < MARKER_INTERVAL && at >= 0; i++) {
                at = next(at, markers);
            }
            return at >= 0 && LittleEndian.getInt(bytes, markers + Integer.BYTES) == at - names;
        }

        /**
         * Returns where the name behind the one at {@code at} begins, or -1 if that one is empty or
         * has no end.
         */
        private int next(int at, int limit) {
            if (at >= limit) {
                return -1;
            }
            int length = bytes[at];
            int tokens = at + 1;
            if (length < 0) {
                if (tokens >= limit) {
                    return -1;
                }
                length = (length & 0x7f) | (bytes[tokens] & 0xff) << 7;
                tokens++;
            }
            return length == 0 || length > limit - tokens ? -1 : tokens + length;
        }
    }
}
