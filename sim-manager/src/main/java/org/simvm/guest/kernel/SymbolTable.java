// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;

/**
 * All symbols of a kernel, looked up by name or address; names stay compressed.
 *
 * <p>180,000 strings would cost more time and memory than all else. Instead names are chained by a
 * hash that is computed from their tokens, and only the few names that are asked for are compared.
 * A guest that makes all hashes equal gets slow lookups, each still bounded by the number of
 * symbols.
 */
final class SymbolTable {
    private static final int NAME_LIMIT = 512;

    private static final CommonCopies<Index> COMMON = new CommonCopies<>();

    private final Index index;
    private final long[] addresses;

    /**
     * The names of a kernel's symbols, which are the same wherever it lies.
     *
     * @param chains first symbol of each chain, plus one; 0 ends a chain
     * @param next next symbol of the same chain, plus one
     * @param dotted symbols with a dot in their names
     */
    private record Index(
            SymbolTokens tokens, NameList names, int[] chains, int[] next, int[] dotted) {
        static Index of(SymbolTokens tokens, NameList names) {
            return COMMON.find(index -> index.tokens.same(tokens)
                            && Arrays.equals(index.names.bytes(), names.bytes()))
                    .orElseGet(() -> COMMON.add(make(tokens, names)));
        }

        private static Index make(SymbolTokens tokens, NameList names) {
            int count = names.count();
            int[] chains = new int[Integer.highestOneBit(count) * 2];
            int[] next = new int[count];
            IntStream.Builder dotted = IntStream.builder();
            for (int symbol = 0; symbol < count; symbol++) {
                if (tokens.hasDot(
                        names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol))) {
                    dotted.add(symbol);
                }
            }
            // From the last on, so that each chain is in the order of addresses.
            for (int symbol = count - 1; symbol >= 0; symbol--) {
                int chain = chain(
                        tokens.hash(
                                names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol)),
                        chains.length);
                next[symbol] = chains[chain];
                chains[chain] = symbol + 1;
            }
            return new Index(tokens, names, chains, next, dotted.build().toArray());
        }

        boolean spells(int symbol, byte[] name) {
            return tokens.spells(
                    names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol), name);
        }

        boolean begins(int symbol, byte[] start) {
            return tokens.begins(
                    names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol), start);
        }

        char type(int symbol) {
            return tokens.type(names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol));
        }

        String name(int symbol) {
            return tokens.name(
                    names.bytes(), names.tokensStart(symbol), names.tokensEnd(symbol), NAME_LIMIT);
        }
    }

    /**
     * Indexes the symbols.
     *
     * @param addresses of the symbols in the order of the names, rising (unsigned)
     */
    SymbolTable(SymbolTokens tokens, NameList names, long[] addresses) {
        this.index = Index.of(tokens, names);
        this.addresses = addresses;
    }

    /** For tests: whether the names of both are one copy. */
    @SuppressWarnings("ReferenceEquality")
    boolean sharesNamesWith(SymbolTable other) {
        return index == other.index;
    }

    private static int chain(int hash, int chains) {
        return (hash ^ hash >>> 15) & chains - 1;
    }

    int count() {
        return addresses.length;
    }

    /** Returns the index of the first symbol of this name, in the order of addresses, or -1. */
    int find(String name) {
        return find(name.getBytes(StandardCharsets.ISO_8859_1), -1);
    }

    /** Returns the indexes of all symbols of this name, in the order of addresses. */
    List<Integer> findAll(String name) {
        byte[] bytes = name.getBytes(StandardCharsets.ISO_8859_1);
        List<Integer> found = new ArrayList<>();
        for (int symbol = find(bytes, -1); symbol >= 0; symbol = find(bytes, symbol)) {
            found.add(symbol);
        }
        return found;
    }

    /** Returns the indexes of all symbols whose names begin with this one and a dot. */
    IntStream derived(String name) {
        byte[] start = (name + '.').getBytes(StandardCharsets.ISO_8859_1);
        return Arrays.stream(index.dotted()).filter(symbol -> index.begins(symbol, start));
    }

    private int find(byte[] name, int after) {
        int[] next = index.next();
        int[] chains = index.chains();
        int symbol = after < 0
                ? chains[chain(SymbolTokens.hash(name), chains.length)] - 1
                : next[after] - 1;
        while (symbol >= 0 && !index.spells(symbol, name)) {
            symbol = next[symbol] - 1;
        }
        return symbol;
    }

    long address(int symbol) {
        return addresses[symbol];
    }

    char type(int symbol) {
        return index.type(symbol);
    }

    String name(int symbol) {
        return index.name(symbol);
    }

    /**
     * Returns the next higher address that any symbol has, or {@code otherwise} for the highest
     * one.
     */
    long end(int symbol, long otherwise) {
        int low = symbol + 1;
        // Few symbols share an address, but a hostile table may have only one: search by halves.
        int high = addresses.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (addresses[middle] == addresses[symbol]) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        return low < addresses.length ? addresses[low] : otherwise;
    }

    /**
     * Returns the index of the last symbol at or below {@code va}, a global function if several
     * share the address, or -1.
     */
    int at(long va) {
        int low = 0;
        int high = addresses.length;
        while (low < high) {
            int middle = (low + high) >>> 1;
            if (Long.compareUnsigned(addresses[middle], va) <= 0) {
                low = middle + 1;
            } else {
                high = middle;
            }
        }
        int last = low - 1;
        for (int symbol = last; symbol >= 0 && addresses[symbol] == addresses[last]; symbol--) {
            if (type(symbol) == 'T') {
                return symbol;
            }
        }
        return last;
    }
}
