// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Predicate;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionSegment;
import org.simvm.settings.IntegrityCheck;

/**
 * Compares segments of the region with their digests. Findings name segments, never their
 * addresses, which are secret.
 */
final class SegmentCheck implements Check {
    private static final int PIECE = 1 << 20;
    /** Accessed and dirty: what the CPU sets in entries of page tables. */
    private static final long CPU_BITS = 0x60;

    static final CheckDefinition<Digest[]> MONITOR_CODE =
            definition("monitor-code", IntegrityCheck.MONITOR_CODE, SegmentCheck::monitorCode);
    static final CheckDefinition<Digest[]> GATES =
            definition("gates", IntegrityCheck.GATES, SegmentCheck::gates);
    static final CheckDefinition<Digest[]> MONITOR_DATA =
            definition("monitor-data", IntegrityCheck.MONITOR_DATA, SegmentCheck::pageTables);

    private final RegionFile region;
    private final List<Recorded> segments = new ArrayList<>();

    /**
     * A part of the region, as the baseline keeps it.
     *
     * @param name the region's own
     * @param bytes length
     */
    record Digest(String name, long bytes, String sha256) {}

    private record Recorded(RegionSegment segment, String sha256) {}

    private SegmentCheck(RegionFile region) {
        this.region = region;
    }

    private static CheckDefinition<Digest[]> definition(
            String name, IntegrityCheck group, Predicate<RegionSegment> which) {
        return new CheckDefinition<>(
                name,
                group,
                Digest[].class,
                guest -> Optional.of(record(guest, which)),
                (guest, kept, directory) -> resume(guest, which, List.of(kept)));
    }

    /** Tells the segments that hold monitor code or what only the host writes. */
    static boolean monitorCode(RegionSegment segment) {
        return switch (segment.role()) {
            case PROGRAM -> !segment.access().write();
            case CONFIGURATION -> true;
            default -> false;
        };
    }

    /** Tells the pages of the gates, in both views. */
    static boolean gates(RegionSegment segment) {
        return switch (segment.role()) {
            case GATE_ENTRY, GATE_ENTRY_SIM, GATE_INNER -> true;
            default -> false;
        };
    }

    /**
     * Tells the page tables of the SIM view: nobody writes them once the guest is armed, but for
     * the bits that the CPU sets, which count for nothing. Monitors that run outside of the guest
     * have none.
     */
    static boolean pageTables(RegionSegment segment) {
        return segment.role() == RegionSegment.Role.PAGE_TABLES;
    }

    private static SegmentCheck record(CheckedGuest guest, Predicate<RegionSegment> which)
            throws RegionException {
        SegmentCheck check = new SegmentCheck(guest.armed().region());
        for (RegionSegment segment : guest.armed().image().layout().segments()) {
            if (which.test(segment)) {
                check.segments.add(new Recorded(segment, check.digest(segment)));
            }
        }
        return check;
    }

    private static SegmentCheck resume(
            CheckedGuest guest, Predicate<RegionSegment> which, List<Digest> kept) {
        SegmentCheck check = new SegmentCheck(guest.armed().region());
        for (RegionSegment segment : guest.armed().image().layout().segments()) {
            kept.stream()
                    .filter(each -> which.test(segment) && each.name().equals(segment.name()))
                    .forEach(each -> check.segments.add(new Recorded(segment, each.sha256())));
        }
        return check;
    }

    @Override
    public Optional<Object> section(Path directory) {
        return Optional.of(segments.stream()
                .map(recorded -> new Digest(
                        recorded.segment().name(), recorded.segment().size(), recorded.sha256()))
                .toList());
    }

    @Override
    public void run(FindingCollector findings) throws RegionException {
        for (Recorded recorded : segments) {
            String now = digest(recorded.segment());
            findings.compared(recorded.segment().size());
            if (!now.equals(recorded.sha256())) {
                findings.add(
                        FindingCode.SEGMENT_CHANGED,
                        "region segment " + recorded.segment().name(),
                        OptionalLong.empty(),
                        OptionalLong.empty(),
                        new Evidence.Digest(recorded.sha256(), now));
            }
        }
    }

    private String digest(RegionSegment segment) throws RegionException {
        MessageDigest digest = Digests.sha256();
        for (long done = 0; done < segment.size(); ) {
            ByteBuffer piece =
                    region.read(segment, done, (int) Math.min(PIECE, segment.size() - done));
            if (pageTables(segment)) {
                withoutCpuBits(piece.order(ByteOrder.LITTLE_ENDIAN));
            }
            done += piece.remaining();
            digest.update(piece);
        }
        return Digests.hex(digest);
    }

    private static void withoutCpuBits(ByteBuffer entries) {
        for (int at = 0; at + Long.BYTES <= entries.limit(); at += Long.BYTES) {
            entries.putLong(at, entries.getLong(at) & ~CPU_BITS);
        }
    }
}
