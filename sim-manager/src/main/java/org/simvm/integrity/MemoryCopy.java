// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.List;
import java.util.NavigableMap;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.function.LongFunction;
import java.util.stream.IntStream;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.kernel.VirtualRange;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.memory.MappedFile;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.state.StateFile;

/**
 * A copy of a range of the guest's kernel, as its own page tables showed it, to compare it with
 * byte by byte: as fast as reading, not to be deceived by a second preimage, and it says what
 * changed. Where the kernel patches itself a {@link PatchSiteVerifier} says what else is legal;
 * some ranges are left out.
 */
final class MemoryCopy {
    /** Bytes of a difference that a finding shows. */
    private static final int SHOWN = 16;

    private static final int LONGEST_BRANCH = 5;

    private final VirtualMemory memory;
    private final VirtualRange range;
    private final LongFunction<String> names;
    /**
     * Where bytes may differ: first offsets in the range and first offsets behind, in rising order.
     */
    private final int[] placeStarts;

    private final int[] placeEnds;
    /** For each of them what may stand there; null where anything may. */
    private final PatchSite[] placeSites;
    /**
     * Where each physically contiguous piece lies: offset in the range → guest-physical address.
     */
    private final NavigableMap<Integer, Long> pieces;
    /** Replaced, once, by a mapping of the same bytes: one machine may have many guests. */
    private volatile ByteBuffer copy;

    private volatile MappedFile file;

    /**
     * What the baseline keeps of a copy.
     *
     * @param name of it and of the file with its bytes
     * @param start first guest virtual address
     * @param bytes length
     * @param excluded bytes that the kernel itself patches, and hooks; zero for the digest
     * @param pieces where it lies in guest-physical memory
     */
    record Kept(
            String name,
            String start,
            long bytes,
            long excluded,
            String sha256,
            List<Piece> pieces) {}

    /**
     * A physically contiguous piece of a copy.
     *
     * @param offset of its first byte in the copy
     * @param gpa guest-physical address
     */
    record Piece(int offset, String gpa) {}

    private record Place(VirtualRange range, PatchSite site) {}

    private MemoryCopy(
            VirtualMemory memory,
            VirtualRange range,
            LongFunction<String> names,
            List<PatchSite> sites,
            List<VirtualRange> leftOut,
            NavigableMap<Integer, Long> pieces,
            ByteBuffer copy) {
        this.memory = memory;
        this.range = range;
        this.names = names;
        this.pieces = pieces;
        this.copy = copy;
        List<Place> places = new ArrayList<>(sites.size() + leftOut.size());
        leftOut.forEach(out -> places.add(new Place(out, null)));
        for (PatchSite site : sites) {
            if (leftOut.stream()
                    .noneMatch(out -> site.address() < out.end() && out.start() < site.end())) {
                places.add(new Place(new VirtualRange(site.address(), site.end()), site));
            }
        }
        places.sort(Comparator.comparingLong(place -> place.range().start()));
        placeStarts = places.stream()
                .mapToInt(place -> (int) (place.range().start() - range.start()))
                .toArray();
        placeEnds = places.stream()
                .mapToInt(place -> (int) (place.range().end() - range.start()))
                .toArray();
        placeSites = places.stream().map(Place::site).toArray(PatchSite[]::new);
    }

    /**
     * Copies a range.
     *
     * @param names names an address of the range for people
     * @param sites where the kernel patches itself, in rising order
     * @param leftOut ranges that something else compares
     */
    static MemoryCopy of(
            VirtualMemory memory,
            VirtualRange range,
            LongFunction<String> names,
            List<PatchSite> sites,
            List<VirtualRange> leftOut)
            throws GuestMemoryException {
        if (range.size() > Integer.MAX_VALUE) {
            throw new GuestMemoryException(
                    range.start(), "kernel memory of " + range.size() + " bytes");
        }
        ByteBuffer bytes = ByteBuffer.allocate((int) range.size());
        TreeMap<Integer, Long> pieces = new TreeMap<>();
        memory.visit(range.start(), range.size(), (gpa, slice) -> {
            pieces.put(bytes.position(), gpa);
            bytes.put(slice);
        });
        return new MemoryCopy(
                memory, range, names, sites, leftOut, pieces, bytes.flip().asReadOnlyBuffer());
    }

    /**
     * Takes a copy up that an earlier manager made.
     *
     * @throws IOException if the file is not what the baseline says
     */
    static MemoryCopy resume(
            Kept kept,
            Path directory,
            VirtualMemory memory,
            LongFunction<String> names,
            List<PatchSite> sites,
            List<VirtualRange> leftOut)
            throws IOException {
        MappedFile file = MappedFile.map(directory.resolve(kept.name()));
        TreeMap<Integer, Long> pieces = new TreeMap<>();
        for (Piece piece : kept.pieces()) {
            pieces.put(piece.offset(), Baseline.number(piece.gpa()));
        }
        long start = Baseline.number(kept.start());
        MemoryCopy copy = new MemoryCopy(
                memory,
                new VirtualRange(start, start + kept.bytes()),
                names,
                sites,
                leftOut,
                pieces,
                file.bytes());
        copy.file = file;
        if (file.bytes().capacity() != kept.bytes()
                || pieces.firstEntry() == null
                || !copy.digest().equals(kept.sha256())) {
            throw new IOException(
                    directory.resolve(kept.name()) + ": not the copy that the baseline names");
        }
        return copy;
    }

    VirtualRange range() {
        return range;
    }

    byte[] bytes() {
        ByteBuffer all = copy.duplicate();
        byte[] bytes = new byte[all.capacity()];
        all.rewind().get(bytes);
        return bytes;
    }

    Kept kept(String name) {
        long excluded = 0;
        for (int i = 0; i < placeStarts.length; i++) {
            excluded += placeEnds[i] - placeStarts[i];
        }
        return new Kept(
                name,
                Long.toHexString(range.start()),
                range.size(),
                excluded,
                digest(),
                pieces.entrySet().stream()
                        .map(piece -> new Piece(piece.getKey(), Long.toHexString(piece.getValue())))
                        .toList());
    }

    /**
     * Returns the digest of the range with zeros where the kernel patches itself, and where hooks
     * are.
     */
    private String digest() {
        MessageDigest digest = Digests.sha256();
        ByteBuffer bytes = copy.duplicate();
        int at = 0;
        for (int i = 0; i < placeStarts.length; i++) {
            digest.update(bytes.duplicate().position(at).limit(placeStarts[i]));
            digest.update(new byte[placeEnds[i] - placeStarts[i]]);
            at = placeEnds[i];
        }
        digest.update(bytes.duplicate().position(at).limit(bytes.capacity()));
        return Digests.hex(digest);
    }

    /** Moves the copy to a file, so that its pages need no memory while nobody compares. */
    void moveTo(Path directory, String name) throws IOException {
        Path target = directory.resolve(name);
        StateFile.replace(target, copy.duplicate().rewind(), StateFile.Safety.HOST);
        file = MappedFile.map(target);
        copy = file.bytes();
    }

    /** Lets go of pages of the file that a comparison brought in. */
    void forgetTouchedPages() {
        MappedFile mapped = file;
        if (mapped != null) {
            mapped.forgetTouchedPages();
        }
    }

    /** Compares the guest's memory with the copy. */
    void compare(FindingCollector findings, PatchSiteVerifier judge) throws GuestMemoryException {
        int[] at = new int[1];
        memory.visit(range.start(), range.size(), (gpa, slice) -> {
            int start = at[0];
            at[0] += slice.remaining();
            mapping(start, slice.remaining(), gpa, findings);
            compare(start, gpa, slice, findings, judge);
            findings.compared(slice.remaining());
        });
    }

    /**
     * Page tables may split pages, never move them: each byte of the text stays where it was in
     * guest-physical memory.
     */
    private void mapping(int start, int length, long gpa, FindingCollector findings) {
        for (int offset = start; offset < start + length; ) {
            var piece = pieces.floorEntry(offset);
            Integer next = pieces.higherKey(offset);
            long expected = piece.getValue() + (offset - piece.getKey());
            long found = gpa + (offset - start);
            if (expected != found) {
                findings.add(
                        FindingCode.PAGE_REMAPPED,
                        subject(offset),
                        OptionalLong.of(range.start() + offset),
                        OptionalLong.of(found),
                        new Evidence.Frame(expected, found));
            }
            offset = next == null ? start + length : next;
        }
    }

    private void compare(
            int start,
            long gpa,
            ByteBuffer slice,
            FindingCollector findings,
            PatchSiteVerifier judge)
            throws GuestMemoryException {
        int length = slice.remaining();
        ByteBuffer baseline = copy;
        for (int offset = 0; offset < length && !findings.full(); ) {
            int same = slice.slice(offset, length - offset)
                    .mismatch(baseline.slice(start + offset, length - offset));
            if (same < 0) {
                return;
            }
            offset += same;
            int probed = probe(start + offset, findings, judge);
            if (probed > 0) {
                offset += probed;
                continue;
            }
            int place = placeAt(start + offset);
            if (place >= 0) {
                judge(place, findings, judge);
                offset = placeEnds[place] - start;
                continue;
            }
            int limit = Math.min(length - offset, untilNextPlace(start + offset));
            int shown = differing(slice, offset, start + offset, Math.min(SHOWN, limit));
            findings.add(
                    FindingCode.BYTES_CHANGED,
                    subject(start + offset),
                    OptionalLong.of(range.start() + start + offset),
                    OptionalLong.of(gpa + offset),
                    new Evidence.Bytes(
                            hex(baseline, start + offset, shown), hex(slice, offset, shown)));
            offset += shown;
        }
    }

    /** Looks at the whole of a place, which may begin in the slice before or end in the next. */
    private void judge(int place, FindingCollector findings, PatchSiteVerifier judge)
            throws GuestMemoryException {
        PatchSite site = placeSites[place];
        if (site == null) {
            return;
        }
        byte[] now = memory.read(site.address(), site.length());
        if (!judge.legal(site, now)) {
            findings.add(
                    site.kind() == PatchSite.Kind.FTRACE
                            ? FindingCode.TRACE_SITE_INVALID
                            : FindingCode.PATCH_SITE_INVALID,
                    subject(placeStarts[place]),
                    OptionalLong.of(site.address()),
                    OptionalLong.of(memory.physical(site.address())),
                    new Evidence.PatchedSite(
                            site,
                            HexFormat.of().formatHex(now),
                            hex(copy, placeStarts[place], site.length())));
        }
    }

    /**
     * Returns how many bytes from an offset on are a kprobe of the kernel's, 0 if there is none.
     */
    private int probe(int offset, FindingCollector findings, PatchSiteVerifier judge)
            throws GuestMemoryException {
        if (judge == null) {
            return 0;
        }
        long va = range.start() + offset;
        int longest = Math.min(LONGEST_BRANCH, copy.capacity() - offset);
        int probed = judge.probe(va, memory.read(va, longest));
        if (!probeable(offset, probed)) {
            return 0;
        }
        if (probed > 0) {
            findings.inform(
                    subject(offset),
                    OptionalLong.of(va),
                    "a kprobe of the kernel's, handled by "
                            + judge.code().address(judge.probes().get(va).handler()));
        }
        return probed;
    }

    /**
     * A kernel sets no kprobe where it patches itself, but for lock prefixes ({@code smp_locks}).
     */
    private boolean probeable(int offset, int length) {
        return IntStream.range(offset, offset + length)
                .map(this::placeAt)
                .allMatch(place -> place < 0
                        || (placeSites[place] != null
                                && placeSites[place].kind() == PatchSite.Kind.LOCK_PREFIX));
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
        return names.apply(range.start() + offset);
    }

    private static String hex(ByteBuffer bytes, int offset, int length) {
        byte[] shown = new byte[length];
        bytes.get(offset, shown);
        return HexFormat.of().formatHex(shown);
    }
}
