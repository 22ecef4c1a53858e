// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import org.junit.jupiter.api.Test;

/** A region file whose area QEMU chooses. */
class RegionFileAreaTests extends RegionFileFixture {
    @Test
    void isWhereQemuLetsIt() throws Exception {
        RegionArea wide = new RegionArea(1L << 45, 3L << 43);
        try (RegionFile file = RegionFile.create(path, null, plan)) {
            ByteBuffer header = header();
            assertEquals(0, header.getLong(SimAbi.Header.AREA_BASE));
            assertEquals(0, header.getLong(SimAbi.Header.AREA_SIZE));
            BootImage image = file.finalizeImage(boot(4, 509), wide, false);
            header = header();
            assertEquals(wide.base(), header.getLong(SimAbi.Header.AREA_BASE));
            assertEquals(wide.size(), header.getLong(SimAbi.Header.AREA_SIZE));
            for (RegionSegment segment : image.layout().segments()) {
                assertTrue(wide.contains(segment.gpa(), segment.size()), segment.toString());
            }
        }
        try (RegionFile later = RegionFile.attach(path, plan)) {
            assertEquals(wide, later.layout().area());
        }
    }

    private ByteBuffer header() throws IOException {
        return ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);
    }
}
