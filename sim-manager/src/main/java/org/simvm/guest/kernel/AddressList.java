// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.List;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.LittleEndian;

/**
 * Finds the addresses of the symbols, which lie in one of two places and in one of four encodings.
 *
 * <p>Up to Linux 6.3 {@code kallsyms_offsets} and {@code kallsyms_relative_base} come just before
 * the number of symbols, later just behind the index of the token table. Neither has a mark, so
 * every combination is decoded, and those count whose addresses rise and lie in the image.
 */
final class AddressList {
    private AddressList() {}

    /** A place and an encoding that could be right. */
    private record Candidate(AddressEncoding encoding, long table, long base) {}

    /**
     * Returns the possible lists of addresses, the newest layout first; hardly ever more than one.
     *
     * @param names the names that the addresses belong to
     * @param tokensEnd first address behind the token table's index
     */
    static List<long[]> find(KernelImage image, NameList names, long tokensEnd)
            throws GuestMemoryException {
        List<long[]> found = new ArrayList<>();
        for (Candidate candidate : candidates(image, names, tokensEnd)) {
            long[] addresses = decode(image, candidate, names.count());
            if (addresses != null) {
                found.add(addresses);
            }
        }
        return found;
    }

    private static List<Candidate> candidates(KernelImage image, NameList names, long tokensEnd)
            throws GuestMemoryException {
        List<Candidate> candidates = new ArrayList<>();
        long size = (long) names.count() * Integer.BYTES;
        for (int alignment = Integer.BYTES; alignment <= 16; alignment *= 2) {
            long table = align(tokensEnd, alignment);
            if (alignment > Integer.BYTES && table == align(tokensEnd, alignment / 2)) {
                continue;
            }
            candidates.add(new Candidate(AddressEncoding.PLACE_RELATIVE, table, 0));
            addRelative(image, candidates, table, align(table + size, Long.BYTES));
        }
        long base = names.countAddress() - Long.BYTES;
        addRelative(image, candidates, base - align(size, Long.BYTES), base);
        candidates.add(new Candidate(
                AddressEncoding.ABSOLUTE,
                names.countAddress() - (long) names.count() * Long.BYTES,
                0));
        return candidates;
    }

    private static void addRelative(
            KernelImage image, List<Candidate> candidates, long table, long baseAddress)
            throws GuestMemoryException {
        if (image.run(baseAddress).contains(baseAddress, Long.BYTES)) {
            byte[] bytes = image.read(baseAddress, Long.BYTES);
            long base = LittleEndian.getLong(bytes, 0);
            if (image.range().contains(base)) {
                candidates.add(
                        new Candidate(AddressEncoding.RELATIVE_WITH_ABSOLUTE_PER_CPU, table, base));
                candidates.add(new Candidate(AddressEncoding.RELATIVE, table, base));
            }
        }
    }

    private static long align(long value, int alignment) {
        return value + alignment - 1 & -alignment;
    }

    /** Decodes all addresses, or returns null at the first that is not where a symbol can be. */
    private static long[] decode(KernelImage image, Candidate candidate, int count)
            throws GuestMemoryException {
        int size = count * candidate.encoding().size();
        if (!image.run(candidate.table()).contains(candidate.table(), size)) {
            return null;
        }
        byte[] values = image.read(candidate.table(), size);
        long[] addresses = new long[count];
        VirtualRange range = image.range();
        long before = 0;
        int inside = 0;
        for (int symbol = 0; symbol < count; symbol++) {
            long address = candidate
                    .encoding()
                    .decode(values, symbol, candidate.table(), candidate.base());
            if (Long.compareUnsigned(address, before) < 0) {
                return null;
            }
            if (range.contains(address)) {
                inside++;
            }
            before = address;
            addresses[symbol] = address;
        }
        // Absolute symbols and those behind the image's end are few.
        return inside >= count - count / 8 ? addresses : null;
    }
}
