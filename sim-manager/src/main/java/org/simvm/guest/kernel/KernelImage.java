// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.util.ArrayList;
import java.util.List;
import org.simvm.guest.kernel.KernelUnresolvedException.Step;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.Translation;
import org.simvm.guest.paging.VirtualMemory;

/**
 * The pages of a kernel image, found by the page tables, with bulk access by virtual address.
 *
 * <p>Linux maps its image between {@code __START_KERNEL_map} and {@code MODULES_VADDR} and nothing
 * else there ({@code cleanup_highmap}); see {@code Documentation/arch/x86/x86_64/mm.rst}. Its
 * physical place is random as well, and once booted it has holes where initialisation code was.
 */
final class KernelImage {
    /** {@code __START_KERNEL_map}. */
    static final long FIRST = 0xffff_ffff_8000_0000L;
    /** Last byte below {@code MODULES_VADDR} of a kernel with KASLR. */
    static final long LAST = 0xffff_ffff_bfff_ffffL;
    /** Bytes that an image may have at most. Debian's have 42 to 52 MiB. */
    static final long SIZE_LIMIT = 256L << 20;
    /** The topmost tables, and one for each 2 MiB of the GiB. */
    private static final int TABLE_LIMIT = 5 + 512;

    private final GuestMemory memory;
    private final List<Piece> pieces;
    private final List<VirtualRange> runs;

    /** Virtual pages whose physical pages are neighbours too. */
    private record Piece(long va, long gpa, long size) {
        long end() {
            return va + size;
        }

        boolean continuedBy(Translation page) {
            return page.va() == end() && page.gpa() == gpa + size;
        }
    }

    /** Looks at a part of the image. */
    @FunctionalInterface
    interface Window {
        /**
         * Looks at the {@code length} bytes that lie at {@code va}.
         *
         * @param bytes holds them from index 0 on, reused for the next window
         * @return false to end the scan
         */
        boolean look(long va, byte[] bytes, int length) throws GuestMemoryException;
    }

    private KernelImage(GuestMemory memory, List<Piece> pieces) {
        this.memory = memory;
        this.pieces = pieces;
        this.runs = runs(pieces);
    }

    private static List<VirtualRange> runs(List<Piece> pieces) {
        List<VirtualRange> runs = new ArrayList<>();
        long start = pieces.get(0).va();
        for (int i = 1; i <= pieces.size(); i++) {
            long end = pieces.get(i - 1).end();
            if (i == pieces.size() || pieces.get(i).va() != end) {
                runs.add(new VirtualRange(start, end));
                start = i == pieces.size() ? end : pieces.get(i).va();
            }
        }
        return runs;
    }

    /** Finds the image. */
    static KernelImage find(VirtualMemory virtual) throws KernelUnresolvedException {
        List<Piece> pieces = new ArrayList<>();
        long[] size = {0};
        try {
            virtual.tables().visit(FIRST, LAST, TABLE_LIMIT, page -> {
                Piece last = pieces.isEmpty() ? null : pieces.get(pieces.size() - 1);
                if (last != null && last.continuedBy(page)) {
                    pieces.set(
                            pieces.size() - 1,
                            new Piece(last.va(), last.gpa(), last.size() + page.pageSize()));
                } else {
                    pieces.add(new Piece(page.va(), page.gpa(), page.pageSize()));
                }
                size[0] += page.pageSize();
                return size[0] <= SIZE_LIMIT;
            });
        } catch (GuestMemoryException e) {
            throw new KernelUnresolvedException(
                    Step.IMAGE, "kernel image: page tables are not readable: " + e.getMessage(), e);
        }
        if (pieces.isEmpty()) {
            throw new KernelUnresolvedException(
                    Step.IMAGE,
                    String.format(
                            "kernel image: nothing is mapped from 0x%x to 0x%x; is this a "
                                    + "64-bit Linux guest, and"
                                    + " past the first write of MSR_LSTAR?",
                            FIRST, LAST));
        }
        if (size[0] > SIZE_LIMIT) {
            throw new KernelUnresolvedException(
                    Step.IMAGE,
                    String.format(
                            "kernel image: more than %d MiB are mapped from 0x%x on, no Linux "
                                    + "kernel is that large",
                            SIZE_LIMIT >> 20, pieces.get(0).va()));
        }
        return new KernelImage(virtual.memory(), pieces);
    }

    /** Returns the range from the first to the last mapped byte. */
    VirtualRange range() {
        return new VirtualRange(
                pieces.get(0).va(), pieces.get(pieces.size() - 1).end());
    }

    /**
     * Returns the mapped range without a hole that the byte at {@code va} is in, or an empty one at
     * {@code va}.
     */
    VirtualRange run(long va) {
        for (VirtualRange run : runs) {
            if (run.contains(va)) {
                return run;
            }
        }
        return new VirtualRange(va, va);
    }

    /** Copies {@code length} bytes at {@code va}. */
    void read(long va, byte[] target, int offset, int length) throws GuestMemoryException {
        long at = va;
        int done = 0;
        int index = pieceOf(va);
        while (done < length) {
            if (index < 0 || index == pieces.size() || at < pieces.get(index).va()) {
                throw new GuestMemoryException(
                        at,
                        String.format(
                                "guest-virtual address 0x%x is not mapped as kernel image", at));
            }
            Piece piece = pieces.get(index++);
            int part = (int) Math.min(length - done, piece.end() - at);
            memory.read(piece.gpa() + (at - piece.va()), target, offset + done, part);
            done += part;
            at += part;
        }
    }

    /** Returns the {@code length} bytes at {@code va}; the caller bounds the length. */
    byte[] read(long va, int length) throws GuestMemoryException {
        byte[] bytes = new byte[length];
        read(va, bytes, 0, length);
        return bytes;
    }

    /**
     * Shows the whole image in windows; each begins {@code windowSize} after the one before and
     * shows {@code overlap} bytes of the next one too, if they are mapped.
     */
    void scan(int windowSize, int overlap, Window window) throws GuestMemoryException {
        byte[] bytes = new byte[windowSize + overlap];
        for (VirtualRange run : runs) {
            for (long at = run.start(); at < run.end(); at += windowSize) {
                int length = (int) Math.min(bytes.length, run.end() - at);
                read(at, bytes, 0, length);
                if (!window.look(at, bytes, length)) {
                    return;
                }
            }
        }
    }

    /**
     * Returns the index of the piece with the byte at {@code va}, or -1. Kernel addresses are
     * negative and in order.
     */
    private int pieceOf(long va) {
        int low = 0;
        int high = pieces.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            Piece piece = pieces.get(middle);
            if (va < piece.va()) {
                high = middle - 1;
            } else if (va >= piece.end()) {
                low = middle + 1;
            } else {
                return middle;
            }
        }
        return -1;
    }
}
