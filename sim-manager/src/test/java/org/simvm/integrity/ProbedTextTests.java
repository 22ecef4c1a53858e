// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.SyntheticGuest;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The check of the kernel's text, where kprobes and the kernel's own patching meet,")
class ProbedTextTests extends GuestListsFixture {
    private static final int OPTIMIZED = 4;

    @Test
    void allowsATrapOnALockPrefixIfTheKernelKnowsIt() {
        long lock = guest.address("plain_function") + SyntheticGuest.LOCK_PREFIX;
        guest.writeVirtual(lock, new byte[] {(byte) 0xcc});
        assertEquals(
                List.of("a lock prefix"),
                findings(IntegrityCheck.KERNEL_TEXT).stream()
                        .map(Finding::expected)
                        .toList());
        probe(lock);
        assertEquals(List.of(), findings(IntegrityCheck.KERNEL_TEXT));
    }

    @Test
    void allowsTheJumpOfAnOptimisedProbeFromALockPrefixAndOverOne() {
        long lock = guest.address("plain_function") + SyntheticGuest.LOCK_PREFIX;
        for (long at = lock - 4; at <= lock; at++) {
            final byte[] before = guest.readVirtual(at, 5);
            jump(at);
            probe(at);
            assertEquals(List.of(), findings(IntegrityCheck.KERNEL_TEXT), "at " + (at - lock));
            guest.writeVirtual(at, before);
        }
    }

    @Test
    void findsATrapAtAJumpLabelWhateverTheTableOfKprobesSays() {
        long label = guest.address("with_jump_label") + 8;
        guest.writeVirtual(label, new byte[] {(byte) 0xcc});
        probe(label);
        assertEquals(
                List.of("with_jump_label+0x8/0x100"),
                findings(IntegrityCheck.KERNEL_TEXT).stream()
                        .map(Finding::subject)
                        .toList());
    }

    private void probe(long at) {
        guest.putLong(guest.address("kprobe_table") + 8 * 5, guest.address("kprobe"));
        guest.putLong(guest.address("kprobe") + 16, at);
        guest.putLong(guest.address("kprobe") + 24, guest.address("calls_twice"));
    }

    private void jump(long at) {
        long target = SyntheticGuest.MODULE_TEXT + 0x900;
        guest.putInt(guest.address("kprobe") + 32, OPTIMIZED);
        guest.putLong(guest.address("kprobe") + 40, target);
        guest.writeVirtual(
                at,
                ByteBuffer.allocate(5)
                        .order(ByteOrder.LITTLE_ENDIAN)
                        .put((byte) 0xe9)
                        .putInt((int) (target - at - 5))
                        .array());
    }
}
