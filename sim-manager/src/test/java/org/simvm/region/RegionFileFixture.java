// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A region file of the example programs, in a folder of the test's own. */
abstract class RegionFileFixture {
    static final long MIB = 1 << 20;
    static final long TEXT = 0xffffffff9a000000L;

    @TempDir
    Path folder;

    Path path;
    RegionPlan plan = ExamplePrograms.plan(8 * MIB);

    @BeforeEach
    void chooseName() {
        path = folder.resolve("region");
    }

    static BootValues boot(int levels, int slot) {
        return new BootValues(
                levels,
                List.of(
                        new RamRange(0, 0xa0000),
                        new RamRange(0x100000, 0x7ff00000L),
                        new RamRange(4L << 30, 0x40000000L)),
                0xffff8a0000000000L,
                0x21440,
                new BootValues.KernelText(TEXT, TEXT + 0x2000000),
                slot,
                List.of(TEXT + 0x1234L),
                List.of(
                        new BootValues.ArmedHook(0, ExamplePrograms.hook(), TEXT + 105),
                        new BootValues.ArmedHook(1, ExamplePrograms.hook(), TEXT + 205)),
                Map.of("offset:task_struct.pid", 2416L));
    }

    static ByteBuffer all(RegionFile file, RegionSegment segment) throws RegionException {
        return file.read(segment, 0, (int) segment.size()).order(ByteOrder.LITTLE_ENDIAN);
    }
}
