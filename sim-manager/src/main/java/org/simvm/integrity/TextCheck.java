// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.simvm.arming.ArmedGuest;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.VirtualRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Compares the kernel's whole text, as its own page tables show it, with a copy, byte by byte, but for the
 * places that a healthy kernel patches itself, and for the hooks, which have a check of their own. Comparing
 * bytes is as fast as reading them, can't be deceived by a second preimage, and says what changed.
 */
final class TextCheck implements Check {
    static final String FILE = "kernel-text";
    /** Bytes of a difference that a finding shows. */
    private static final int SHOWN = 16;

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final VirtualRange text;
    /** The places left out: first offsets in the text and first offsets behind, in rising order. */
    private final int[] placeStarts;
    private final int[] placeEnds;
    /** Where each physically contiguous piece lies: offset in the text → guest-physical address. */
    private final TreeMap<Integer, Long> pieces = new TreeMap<>();
    /** Replaced, once, by a mapping of the same bytes: one machine may have many guests. */
    private volatile ByteBuffer copy;

    private TextCheck(ArmedGuest guest) throws GuestMemoryException {
        kernel = guest.kernel();
        text = kernel.text();
        memory = new VirtualMemory(guest.kernelTables());
        if (text.size() > Integer.MAX_VALUE) {
            throw new GuestMemoryException(text.start(), "kernel text of " + text.size() + " bytes");
        }
        List<VirtualRange> places = Stream.concat(guest.patchable().stream(), guest.hooks().stream()
                .map(hook -> new VirtualRange(hook.address(), hook.returnAddress())))
                .sorted(Comparator.comparingLong(VirtualRange::start)).toList();
        placeStarts = places.stream().mapToInt(place -> (int) (place.start() - text.start())).toArray();
        placeEnds = places.stream().mapToInt(place -> (int) (place.end() - text.start())).toArray();
        ByteBuffer bytes = ByteBuffer.allocate((int) text.size());
        memory.visit(text.start(), text.size(), (gpa, slice) -> {
            pieces.put(bytes.position(), gpa);
            bytes.put(slice);
        });
        copy = bytes.flip().asReadOnlyBuffer();
    }

    static TextCheck record(ArmedGuest guest) throws GuestMemoryException {
        return new TextCheck(guest);
    }

    Baseline.Text baseline() {
        MessageDigest digest = Digests.sha256();
        ByteBuffer bytes = copy.duplicate();
        long excluded = 0;
        int at = 0;
        for (int i = 0; i < placeStarts.length; i++) {
            digest.update(bytes.duplicate().position(at).limit(placeStarts[i]));
            digest.update(new byte[placeEnds[i] - placeStarts[i]]);
            excluded += placeEnds[i] - placeStarts[i];
            at = placeEnds[i];
        }
        digest.update(bytes.duplicate().position(at));
        return new Baseline.Text(Long.toHexString(text.start()), text.size(), excluded, Digests.hex(digest));
    }

    /** Moves the copy to a file, so that the kernel may drop its pages when memory is short. */
    void moveTo(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        Baseline.writeAtomically(file, copy.duplicate());
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            copy = channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size());
        }
    }

    @Override
    public void run(FindingCollector findings) throws GuestMemoryException {
        int[] at = new int[1];
        memory.visit(text.start(), text.size(), (gpa, slice) -> {
            int start = at[0];
            at[0] += slice.remaining();
            mapping(start, slice.remaining(), gpa, findings);
            compare(start, gpa, slice, findings);
            findings.compared(slice.remaining());
        });
    }

    /**
     * Page tables may split pages, never move them: each byte of the text stays where it was in
     * guest-physical memory.
     */
    private void mapping(int start, int length, long gpa, FindingCollector findings) {
        for (int offset = start; offset < start + length;) {
            var piece = pieces.floorEntry(offset);
            Integer next = pieces.higherKey(offset);
            long expected = piece.getValue() + (offset - piece.getKey());
            long found = gpa + (offset - start);
            if (expected != found) {
                findings.add(subject(offset), OptionalLong.of(text.start() + offset), OptionalLong.of(found),
                        String.format("text at gpa 0x%x", expected),
                        String.format("mapped to gpa 0x%x", found));
            }
            offset = next == null ? start + length : next;
        }
    }

    private void compare(int start, long gpa, ByteBuffer slice, FindingCollector findings) {
        int length = slice.remaining();
        for (int offset = 0; offset < length && !findings.full();) {
            int same = slice.slice(offset, length - offset).mismatch(copy.slice(start + offset,
                    length - offset));
            if (same < 0) {
                return;
            }
            offset += same;
            int place = placeAt(start + offset);
            if (place >= 0) {
                offset = placeEnds[place] - start;
            } else {
                int shown = differing(slice, offset, start + offset,
                        Math.min(Math.min(SHOWN, length - offset), untilNextPlace(start + offset)));
                findings.add(subject(start + offset), OptionalLong.of(text.start() + start + offset),
                        OptionalLong.of(gpa + offset), hex(copy, start + offset, shown),
                        hex(slice, offset, shown));
                offset += shown;
            }
        }
    }

    /** Returns the index of the place that holds an offset, or a negative number. */
    private int placeAt(int offset) {
        int place = Arrays.binarySearch(placeStarts, offset);
        if (place < 0) {
            place = -place - 2;
        }
        return place >= 0 && offset < placeEnds[place] ? place : -1;
    }

    private int untilNextPlace(int offset) {
        int next = -Arrays.binarySearch(placeStarts, offset) - 1;
        return next < placeStarts.length ? placeStarts[next] - offset : Integer.MAX_VALUE;
    }

    /** Returns how many bytes there are up to the last one that differs. */
    private int differing(ByteBuffer slice, int offset, int textOffset, int length) {
        int last = length;
        while (last > 1 && slice.get(offset + last - 1) == copy.get(textOffset + last - 1)) {
            last--;
        }
        return last;
    }

    private String subject(int offset) {
        return kernel.symbolAt(text.start() + offset).map(Object::toString)
                .orElse(String.format("kernel text+0x%x", offset));
    }

    private static String hex(ByteBuffer bytes, int offset, int length) {
        byte[] shown = new byte[length];
        bytes.get(offset, shown);
        return HexFormat.of().formatHex(shown);
    }
}
