// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.fuzzing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import org.simvm.arming.SyntheticGuest;
import org.simvm.guest.memory.MappedGuestMemory;
import org.simvm.guest.memory.RamBlock;

/**
 * A synthetic guest whose structures an input spoils, and that is mended afterwards.
 *
 * <p>Input: edits of 1 byte place, 1 byte offset in it (of 8 bytes), 1 byte kind. Kind 0: 8 bytes
 * follow and are written. Else a pointer is written, to a place (1 byte) and an offset in it (1
 * byte, of 8 bytes).
 */
public final class GuestEdits {
    private final SyntheticGuest guest;
    private final MappedGuestMemory memory;
    private final List<String> places;
    private final Deque<long[]> before = new ArrayDeque<>();

    /** Makes a guest, of which inputs reach these symbols. */
    public GuestEdits(List<String> places) {
        this.places = places;
        try {
            Path file = Files.createTempFile("sim-fuzzing", ".ram");
            guest = new SyntheticGuest(file);
            memory = MappedGuestMemory.map(List.of(new RamBlock(0, SyntheticGuest.RAM, file, 0)));
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    public SyntheticGuest guest() {
        return guest;
    }

    public MappedGuestMemory memory() {
        return memory;
    }

    /** Does what the input says. */
    public void apply(FuzzInput input) {
        while (input.more()) {
            long at = address(input);
            long value = input.below(4) == 0 ? input.number(8) : address(input);
            before.push(new long[] {at, guest.getLong(at)});
            guest.putLong(at, value);
        }
    }

    private long address(FuzzInput input) {
        return guest.address(places.get(input.below(places.size()))) + 8 * input.number(1);
    }

    /** Makes the guest as it was. */
    public void undo() {
        while (!before.isEmpty()) {
            long[] word = before.pop();
            guest.putLong(word[0], word[1]);
        }
    }
}
