// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalLong;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionLayout;
import org.simvm.region.RegionSegment;

/**
 * Compares the SIM page tables with their digest: nobody writes them once the guest is armed, but for the
 * accessed and dirty bits, which the CPU sets. Monitors that run outside of the guest have none.
 */
final class MonitorDataCheck implements Check {
    private static final int PIECE = 1 << 20;
    private static final long CPU_BITS = 0x60;

    private final RegionFile region;
    private final List<Recorded> segments = new ArrayList<>();

    private record Recorded(RegionSegment segment, String sha256) {
    }

    private MonitorDataCheck(RegionFile region) {
        this.region = region;
    }

    static MonitorDataCheck record(RegionFile region, RegionLayout layout) throws RegionException {
        MonitorDataCheck check = new MonitorDataCheck(region);
        for (RegionSegment segment : layout.segments()) {
            if (segment.role() == RegionSegment.Role.PAGE_TABLES) {
                check.segments.add(new Recorded(segment, check.digest(segment)));
            }
        }
        return check;
    }

    static MonitorDataCheck resume(RegionFile region, RegionLayout layout, List<Baseline.Segment> kept) {
        MonitorDataCheck check = new MonitorDataCheck(region);
        for (RegionSegment segment : layout.segments()) {
            kept.stream().filter(each -> segment.role() == RegionSegment.Role.PAGE_TABLES
                    && each.name().equals(segment.name()))
                    .forEach(each -> check.segments.add(new Recorded(segment, each.sha256())));
        }
        return check;
    }

    List<Baseline.Segment> baseline() {
        return segments.stream().map(recorded -> new Baseline.Segment(recorded.segment().name(),
                recorded.segment().size(), recorded.sha256())).toList();
    }

    @Override
    public void run(FindingCollector findings) throws RegionException {
        for (Recorded recorded : segments) {
            String now = digest(recorded.segment());
            findings.compared(recorded.segment().size());
            if (!now.equals(recorded.sha256())) {
                findings.add("region segment " + recorded.segment().name(), OptionalLong.empty(),
                        OptionalLong.empty(), "sha256 " + recorded.sha256(), "sha256 " + now);
            }
        }
    }

    private String digest(RegionSegment segment) throws RegionException {
        MessageDigest digest = Digests.sha256();
        for (long done = 0; done < segment.size();) {
            ByteBuffer piece = region.read(segment, done, (int) Math.min(PIECE, segment.size() - done))
                    .order(ByteOrder.LITTLE_ENDIAN);
            for (int at = 0; at + Long.BYTES <= piece.limit(); at += Long.BYTES) {
                piece.putLong(at, piece.getLong(at) & ~CPU_BITS);
            }
            done += piece.remaining();
            digest.update(piece);
        }
        return Digests.hex(digest);
    }
}
