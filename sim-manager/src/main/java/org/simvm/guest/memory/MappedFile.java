// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.MappedByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * A file of the manager's own, below 2 GiB, mapped read-only: its pages need no memory while nobody
 * looks.
 */
public final class MappedFile {
    private final MappedByteBuffer bytes;

    private MappedFile(MappedByteBuffer bytes) {
        this.bytes = bytes;
    }

    /** Maps a file as it is now. */
    public static MappedFile map(Path file) throws IOException {
        HostMapping.prepare();
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            return new MappedFile(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size()));
        }
    }

    /** Returns the bytes. */
    public ByteBuffer bytes() {
        return bytes.asReadOnlyBuffer();
    }

    /** Lets go of the pages that were looked at; the next access brings a page back. */
    public void forgetTouchedPages() {
        HostMapping.forgetPages(bytes);
    }
}
