// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;

/**
 * Keeps what a boot looked like when it was armed, for people and for a later manager. Addresses inside the
 * region are secret and not in it.
 *
 * @param format version of this layout, {@value #FORMAT}
 * @param recorded when, as ISO 8601
 * @param kernel release of the guest's kernel
 * @param lstar {@code MSR_LSTAR} at the boot stop, hexadecimal
 * @param text the kernel's text
 * @param segments parts of the region that must not change
 * @param tables tables of the kernel that must not change
 * @param hooks what was written into the text
 * @param gateEntry the page-table entry that maps the gates: guest-physical address and value, hexadecimal
 */
record Baseline(int format, String recorded, String kernel, String lstar, Text text, List<Segment> segments,
        List<Table> tables, List<Hook> hooks, List<String> gateEntry) {
    static final int FORMAT = 1;
    static final String FILE = "baseline.json";
    private static final ObjectMapper JSON = new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /**
     * The kernel's text.
     *
     * @param start first guest virtual address, hexadecimal
     * @param bytes length
     * @param excluded bytes that the kernel itself patches; zero for the digest
     * @param sha256 digest, hexadecimal
     */
    record Text(String start, long bytes, long excluded, String sha256) {
    }

    /**
     * A part of the region.
     *
     * @param name the region's own
     * @param bytes length
     * @param sha256 digest, hexadecimal
     */
    record Segment(String name, long bytes, String sha256) {
    }

    /**
     * A table in the kernel's data.
     *
     * @param symbol its name
     * @param address guest virtual address, hexadecimal
     * @param bytes length
     * @param sha256 digest, hexadecimal
     */
    record Table(String symbol, String address, long bytes, String sha256) {
    }

    /**
     * A hook.
     *
     * @param symbol function and offset
     * @param address guest virtual address, hexadecimal
     * @param gpa guest-physical address, hexadecimal
     * @param original bytes before, hexadecimal
     * @param call bytes since, hexadecimal
     */
    record Hook(String symbol, String address, String gpa, String original, String call) {
    }

    /**
     * Writes the baseline into a directory: the new file is complete and on disk before it takes the old
     * one's name.
     */
    void write(Path directory) throws IOException {
        writeAtomically(directory.resolve(FILE), ByteBuffer.wrap(JSON.writeValueAsBytes(this)));
    }

    /** Reads what {@link #write} wrote. */
    static Baseline read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        try {
            Baseline baseline = JSON.readValue(Files.readAllBytes(file), Baseline.class);
            if (baseline.format() != FORMAT) {
                throw new IOException(file + ": format " + baseline.format() + ", this manager knows "
                        + FORMAT);
            }
            return baseline;
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": not a baseline: " + e.getOriginalMessage(), e);
        }
    }

    static void writeAtomically(Path file, ByteBuffer contents) throws IOException {
        String prefix = "." + file.getFileName() + "-";
        Path unfinished = Files.createTempFile(file.toAbsolutePath().getParent(), prefix, "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                while (contents.hasRemaining()) {
                    channel.write(contents);
                }
                channel.force(true);
            }
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
    }
}
