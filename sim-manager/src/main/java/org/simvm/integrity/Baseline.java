// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.simvm.state.StateFile;

/**
 * Keeps what a boot looked like when it was armed, for people and for a later manager. Addresses
 * are hexadecimal; those inside the region are secret and not in it.
 *
 * @param format version of this layout, {@value #FORMAT}
 * @param recorded when, as ISO 8601
 * @param kernel release of the guest's kernel
 * @param lstar {@code MSR_LSTAR} at the boot stop
 * @param copies parts of the kernel's image that must not change, each with a file
 * @param segments parts of the region that must not change
 * @param tables tables of the kernel that must not change
 * @param registers of the virtual CPUs, by name
 * @param hooks what was written into the text
 * @param paging the kernel's own page tables
 * @param gate how the gates are mapped
 */
record Baseline(
        int format,
        String recorded,
        String kernel,
        String lstar,
        List<Copy> copies,
        List<Segment> segments,
        List<Table> tables,
        Map<String, String> registers,
        List<Hook> hooks,
        Paging paging,
        Gate gate) {
    static final int FORMAT = 2;
    static final String FILE = "baseline.json";
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

    /**
     * A part of the kernel's image.
     *
     * @param name of it and of the file with its bytes
     * @param start first guest virtual address
     * @param bytes length
     * @param excluded bytes that the kernel itself patches, and hooks; zero for the digest
     * @param sha256 digest
     * @param pieces where it lies in guest-physical memory
     */
    record Copy(
            String name,
            String start,
            long bytes,
            long excluded,
            String sha256,
            List<Piece> pieces) {}

    /**
     * A physically contiguous piece of a copy.
     *
     * @param offset of its first byte in the copy
     * @param gpa guest-physical address
     */
    record Piece(int offset, String gpa) {}

    /**
     * A part of the region.
     *
     * @param name the region's own
     * @param bytes length
     * @param sha256 digest
     */
    record Segment(String name, long bytes, String sha256) {}

    /**
     * A table in the kernel's data.
     *
     * @param symbol its name
     * @param address guest virtual address
     * @param contents its bytes
     */
    record Table(String symbol, String address, String contents) {}

    /**
     * A hook.
     *
     * @param monitor index in the domain's settings
     * @param id the monitor's own of the hook
     * @param symbol function and offset
     * @param address guest virtual address
     * @param gpa guest-physical address
     * @param original bytes before
     * @param call bytes since
     */
    record Hook(
            int monitor,
            int id,
            String symbol,
            String address,
            String gpa,
            String original,
            String call) {}

    /**
     * The page tables of {@code init_mm}.
     *
     * @param root guest-physical address of the topmost table
     * @param levels 4 or 5
     */
    record Paging(String root, int levels) {}

    /**
     * How the guest's page tables map the gates.
     *
     * @param entryGpa guest-physical address of the page-table entry
     * @param entry its value
     * @param frame guest-physical address of the 1 GiB frame
     * @param virtualBase guest virtual address of the frame
     * @param pages guest-physical address of the gate's first page
     */
    record Gate(String entryGpa, String entry, String frame, String virtualBase, String pages) {}

    Copy copy(String name) throws IOException {
        return copies.stream()
                .filter(copy -> copy.name().equals(name))
                .findFirst()
                .orElseThrow(() -> new IOException("the baseline has no " + name));
    }

    /**
     * Writes the baseline into a directory: the new file is complete and on disk before it takes
     * the old one's name.
     */
    void write(Path directory) throws IOException {
        StateFile.replace(
                directory.resolve(FILE),
                ByteBuffer.wrap(JSON.writeValueAsBytes(this)),
                StateFile.Safety.HOST);
    }

    /** Reads what {@link #write} wrote. */
    static Baseline read(Path directory) throws IOException {
        Path file = directory.resolve(FILE);
        try {
            int format = JSON.readTree(Files.readAllBytes(file)).path("format").asInt();
            if (format != FORMAT) {
                throw new IOException(
                        file + ": format " + format + ", this manager knows " + FORMAT);
            }
            return JSON.readValue(Files.readAllBytes(file), Baseline.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": not a baseline: " + e.getOriginalMessage(), e);
        }
    }
}
