// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.HexFormat;
import java.util.Optional;
import org.simvm.guest.memory.GuestMemoryException;

/**
 * The build ID that the linker gave a kernel: the note {@code NT_GNU_BUILD_ID} (type 3, name
 * {@code GNU}) between {@code __start_notes} and {@code __stop_notes}, which the kernel shows as
 * {@code /sys/kernel/notes}. A note is three 32-bit words (sizes of name and contents, type), name,
 * contents, the latter two padded to 4 bytes (elf(5)).
 */
final class BuildId {
    private static final int LONGEST_NOTES = 1 << 16;
    private static final int LONGEST_ID = 64;
    private static final int HEADER = 12;
    private static final int TYPE = 3;
    private static final String NAME = "GNU\0";

    private BuildId() {}

    /** Returns it in hexadecimal; empty if the kernel has none, or none that can be read. */
    static Optional<String> of(KernelImage image, SymbolTable symbols) {
        int first = symbols.find("__start_notes");
        int last = symbols.find("__stop_notes");
        if (first < 0 || last < 0) {
            return Optional.empty();
        }
        long start = symbols.address(first);
        long length = symbols.address(last) - start;
        if (!image.range().contains(start) || length < HEADER || length > LONGEST_NOTES) {
            return Optional.empty();
        }
        try {
            return find(ByteBuffer.wrap(image.read(start, (int) length)));
        } catch (GuestMemoryException e) {
            return Optional.empty();
        }
    }

    /** Looks through notes; what is malformed ends the search. */
    static Optional<String> find(ByteBuffer notes) {
        notes.order(ByteOrder.LITTLE_ENDIAN);
        while (notes.remaining() >= HEADER) {
            int nameSize = notes.getInt();
            int size = notes.getInt();
            int type = notes.getInt();
            int left = notes.remaining();
            if (nameSize < 0 || size < 0 || nameSize > left || size > left - padded(nameSize)) {
                return Optional.empty();
            }
            byte[] name = new byte[nameSize];
            notes.get(notes.position(), name);
            int contents = notes.position() + padded(nameSize);
            if (type == TYPE
                    && size > 0
                    && size <= LONGEST_ID
                    && NAME.equals(new String(name, StandardCharsets.ISO_8859_1))) {
                byte[] id = new byte[size];
                notes.get(contents, id);
                return Optional.of(HexFormat.of().formatHex(id));
            }
            notes.position(Math.min(notes.limit(), contents + padded(size)));
        }
        return Optional.empty();
    }

    private static int padded(int size) {
        return (size + 3) & ~3;
    }
}
