// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.simvm.guest.memory.GuestMemory;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.memory.RamBlock;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RamRange;

/** Maps guest RAM through QEMU's own file descriptors; maps it again only if QEMU's RAM changed. */
public final class GuestRam implements AutoCloseable {
    private List<RamBlock> blocks = List.of();
    private MappedGuestMemory memory;

    GuestRam() {}

    /** Returns the guest's RAM as {@code query-sim} describes it. */
    GuestMemory map(SimStatus status) throws ArmingException {
        try {
            List<RamBlock> wanted = blocks(status);
            if (memory == null || !wanted.equals(blocks)) {
                close();
                memory = MappedGuestMemory.map(wanted);
                blocks = List.copyOf(wanted);
            }
            return memory;
        } catch (IOException | IllegalArgumentException e) {
            throw new ArmingException(
                    ArmingFailure.Kind.GUEST_MEMORY,
                    e.getMessage()
                            + "; guest RAM must be in a shared memory backend, which the SIM "
                            + "launcher sees to",
                    e);
        }
    }

    /** Returns guest RAM as pieces of files that QEMU has open. */
    public static List<RamBlock> blocks(SimStatus status) {
        return status.ram().stream()
                .map(block -> new RamBlock(
                        block.gpa(),
                        block.size(),
                        Path.of(
                                "/proc",
                                Long.toString(status.pid()),
                                "fd",
                                Integer.toString(block.fd())),
                        block.offset()))
                .toList();
    }

    /** Returns the ranges for the monitor's configuration, neighbours joined. */
    static List<RamRange> ranges(SimStatus status) {
        List<RamRange> ranges = new ArrayList<>();
        status.ram().stream()
                .sorted(Comparator.comparingLong(SimStatus.RamBlock::gpa))
                .forEach(block -> {
                    RamRange before = ranges.isEmpty() ? null : ranges.get(ranges.size() - 1);
                    if (before != null && before.end() == block.gpa()) {
                        ranges.set(
                                ranges.size() - 1,
                                new RamRange(before.gpa(), before.size() + block.size()));
                    } else {
                        ranges.add(new RamRange(block.gpa(), block.size()));
                    }
                });
        return ranges;
    }

    @Override
    public void close() {
        if (memory != null) {
            memory.close();
            memory = null;
        }
    }
}
