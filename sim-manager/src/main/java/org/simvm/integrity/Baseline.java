// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.HookSite;
import org.simvm.arming.PersistedBoot;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.state.StateFile;

/**
 * Keeps what a boot looked like when it was armed, for people and for a later manager. Addresses
 * are hexadecimal; those inside the region are secret and not in it.
 *
 * @param format version of this layout, {@value #FORMAT}
 * @param recorded when, as ISO 8601
 * @param kernel release of the guest's kernel
 * @param lstar {@code MSR_LSTAR} at the boot stop
 * @param hooks what was written into the text
 * @param paging the kernel's own page tables
 * @param gate how the gates are mapped
 * @param checks what each check keeps, by the name of its definition
 */
record Baseline(
        int format,
        String recorded,
        String kernel,
        String lstar,
        List<Hook> hooks,
        Paging paging,
        Gate gate,
        Map<String, JsonNode> checks) {
    static final int FORMAT = 3;
    static final String FILE = "baseline.json";
    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);

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

    /**
     * Describes a boot.
     *
     * @param recorded when, as ISO 8601
     * @param sections what each check keeps
     */
    static Baseline of(ArmedGuest guest, String recorded, Map<String, Object> sections) {
        Map<String, JsonNode> checks = new LinkedHashMap<>();
        sections.forEach((name, section) -> checks.put(name, JSON.valueToTree(section)));
        return new Baseline(
                FORMAT,
                recorded,
                guest.kernel().version(),
                Long.toHexString(guest.lstar()),
                guest.hooks().stream().map(Baseline::hook).toList(),
                new Paging(
                        Long.toHexString(guest.kernelTables().root()),
                        guest.kernelTables().levels()),
                new Gate(
                        Long.toHexString(guest.gateEntryGpa()),
                        Long.toHexString(guest.image().gateEntry()),
                        Long.toHexString(guest.image().gateFrame()),
                        Long.toHexString(guest.image().gateVirtualBase()),
                        Long.toHexString(guest.image().gatePages())),
                checks);
    }

    private static Hook hook(HookSite hook) {
        HexFormat hex = HexFormat.of();
        return new Hook(
                hook.monitor(),
                hook.declaration().id(),
                hook.symbol(),
                Long.toHexString(hook.address()),
                Long.toHexString(hook.gpa()),
                hex.formatHex(hook.original()),
                hex.formatHex(hook.call()));
    }

    /**
     * Returns what a check kept, or nothing if it kept nothing.
     *
     * @param directory for the message
     * @throws IOException if it is something else than such a section
     */
    <S> Optional<S> section(String name, Class<S> type, Path directory) throws IOException {
        JsonNode section = checks == null ? null : checks.get(name);
        if (section == null) {
            return Optional.empty();
        }
        try {
            return Optional.of(JSON.treeToValue(section, type));
        } catch (JsonProcessingException e) {
            throw new IOException(
                    directory.resolve(FILE) + ": section " + name + " is damaged: "
                            + e.getOriginalMessage(),
                    e);
        }
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
            byte[] bytes = Files.readAllBytes(file);
            int format = JSON.readTree(bytes).path("format").asInt();
            if (format != FORMAT) {
                throw new IOException(
                        file + ": format " + format + ", this manager knows " + FORMAT);
            }
            return JSON.readValue(bytes, Baseline.class);
        } catch (JsonProcessingException e) {
            throw new IOException(file + ": not a baseline: " + e.getOriginalMessage(), e);
        }
    }

    /** Reads what arming must know of a boot to go on with its guest. */
    static PersistedBoot persistedBoot(Path directory) throws IOException {
        try {
            return read(directory).persistedBoot(PatchSiteFile.read(directory));
        } catch (IllegalArgumentException
                | NullPointerException e) { // JSON, but of other things than a baseline has
            throw new IOException(directory.resolve(FILE) + ": damaged: " + e.getMessage(), e);
        }
    }

    private PersistedBoot persistedBoot(List<PatchSite> patchable) {
        HexFormat hex = HexFormat.of();
        return new PersistedBoot(
                number(lstar),
                number(paging.root()),
                paging.levels(),
                number(gate.entryGpa()),
                number(gate.entry()),
                number(gate.frame()),
                number(gate.virtualBase()),
                number(gate.pages()),
                hooks.stream()
                        .map(hook -> new PersistedBoot.Hook(
                                hook.monitor(),
                                hook.id(),
                                hook.symbol(),
                                number(hook.address()),
                                number(hook.gpa()),
                                hex.parseHex(hook.original()),
                                hex.parseHex(hook.call())))
                        .toList(),
                patchable);
    }

    static long number(String hexadecimal) {
        return Long.parseUnsignedLong(hexadecimal, 16);
    }
}
