// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import net.fornwall.jelf.ElfFile;
import net.fornwall.jelf.ElfRelocationAddend;
import net.fornwall.jelf.ElfRelocationAddendSection;
import net.fornwall.jelf.ElfSection;
import net.fornwall.jelf.ElfSectionHeader;
import net.fornwall.jelf.ElfSegment;
import net.fornwall.jelf.ElfSymbol;
import net.fornwall.jelf.ElfSymbolTableSection;

/**
 * An ELF file that may go into a region: 64-bit, little-endian, x86-64, ET_DYN, self-contained,
 * never writable and executable together. jelf takes the file apart, this class holds it against
 * the rules; every complaint names the file, the rule and the next step.
 *
 * @param file where it came from
 * @param segments PT_LOADs, whole pages, by rising address
 * @param relocations address as linked → addend
 * @param sections name → section; bytes are empty for one that occupies no space in the file
 * @param symbols name → address as linked, defined symbols only
 */
record ElfImage(
        Path file,
        List<ProgramSegment> segments,
        Map<Long, Long> relocations,
        Map<String, Section> sections,
        Map<String, Long> symbols) {
    /**
     * No monitor comes near; a file of a GiB that someone named by mistake should not be read into
     * memory.
     */
    static final long MAX_FILE_SIZE = 16L << 20;

    private static final int R_X86_64_NONE = 0;
    private static final int R_X86_64_RELATIVE = 8;
    private static final int SHF_ALLOC = 2;
    private static final int PT_LOAD = 1;
    private static final int PT_INTERP = 3;
    private static final int PT_TLS = 7;
    private static final long MAX_ADDRESS = 1L << 40;
    private static final String REBUILD = "; build it the way native-qemu-patch/monitor does";

    /**
     * A section.
     *
     * @param address as linked, 0 if not allocated
     * @param bytes its bytes in the file, little-endian, read-only
     */
    record Section(long address, ByteBuffer bytes) {}

    static ElfImage read(Path file) throws RegionException {
        byte[] bytes;
        try {
            long size = Files.size(file);
            if (size > MAX_FILE_SIZE) {
                throw new RegionException(
                        file + ": " + size + " bytes are too much for a monitor (at most "
                                + MAX_FILE_SIZE
                                + "); name a monitor's ELF file");
            }
            bytes = Files.readAllBytes(file);
        } catch (NoSuchFileException error) {
            throw new RegionException(
                    file + ": no such file; install the monitor there or correct the path", error);
        } catch (IOException error) {
            throw new RegionException(
                    file + ": can't be read (" + error.getMessage()
                            + "); correct the path or its permissions",
                    error);
        }
        if (bytes.length < 4
                || bytes[0] != 0x7f
                || bytes[1] != 'E'
                || bytes[2] != 'L'
                || bytes[3] != 'F') {
            throw new RegionException(file + ": not an ELF file; name a monitor's ELF file");
        }
        try {
            return new Reader(file, bytes).image();
        } catch (RuntimeException error) {
            throw new RegionException(
                    file + ": damaged ELF file (" + error + "); build or install it again", error);
        }
    }

    /** Tells whether some PT_LOAD holds the range, and hands it out. */
    ProgramSegment segmentOf(long address, long length) {
        return segments.stream()
                .filter(segment -> segment.covers(address, length))
                .findFirst()
                .orElse(null);
    }

    private static final class Reader {
        private final Path file;
        private final ByteBuffer bytes;
        private final ElfFile elf;

        Reader(Path file, byte[] content) throws RegionException {
            this.file = file;
            this.bytes = ByteBuffer.wrap(content).asReadOnlyBuffer().order(ByteOrder.LITTLE_ENDIAN);
            if (content.length < 20
                    || content[4] != ElfFile.CLASS_64
                    || content[5] != ElfFile.DATA_LSB
                    || bytes.getShort(18) != ElfFile.ARCH_X86_64) {
                throw fault("is for another machine"
                        + (content.length < 20
                                ? ""
                                : " (class " + content[4]
                                        + ", machine "
                                        + (bytes.getShort(18) & 0xffff) + ")")
                        + ", not x86-64; build it for x86-64");
            }
            String damage = ElfTables.prepare(content);
            if (damage != null) {
                throw fault(damage + "; build or install it again");
            }
            this.elf = ElfFile.from(content);
            if (elf.e_type != ElfFile.ET_DYN) {
                throw fault("is of ELF type " + elf.e_type
                        + ", not position-independent (ET_DYN); link it with -shared or -pie");
            }
        }

        ElfImage image() throws RegionException {
            List<ProgramSegment> segments = segments();
            Map<String, Section> sections = new LinkedHashMap<>();
            Map<Long, Long> relocations = new LinkedHashMap<>();
            Map<String, Long> symbols = new LinkedHashMap<>();
            for (int i = 1; i < (elf.e_shnum & 0xffff); i++) {
                ElfSection section = elf.getSection(i);
                sections.putIfAbsent(
                        section.header.getName(),
                        new Section(section.header.sh_addr, bytesOf(section.header)));
                relocations(section, segments, relocations);
                if (section instanceof ElfSymbolTableSection table) {
                    for (ElfSymbol symbol : table.symbols) {
                        if (symbol.st_shndx != 0
                                && symbol.getName() != null
                                && !symbol.getName().isEmpty()) {
                            symbols.putIfAbsent(symbol.getName(), symbol.st_value);
                        }
                    }
                }
            }
            return new ElfImage(file, segments, relocations, sections, symbols);
        }

        private ByteBuffer bytesOf(ElfSectionHeader header) throws RegionException {
            if (header.sh_type == ElfSectionHeader.SHT_NOBITS || header.sh_size == 0) {
                return ByteBuffer.allocate(0);
            }
            return slice(header.sh_offset, header.sh_size, "section " + header.getName());
        }

        private ByteBuffer slice(long offset, long size, String what) throws RegionException {
            if (offset < 0 || size < 0 || offset > bytes.limit() || size > bytes.limit() - offset) {
                throw fault(what + " lies beyond the end of the file; build or install it again");
            }
            return bytes.slice((int) offset, (int) size).order(ByteOrder.LITTLE_ENDIAN);
        }

        private List<ProgramSegment> segments() throws RegionException {
            List<ProgramSegment> segments = new ArrayList<>();
            for (int i = 0; i < (elf.e_phnum & 0xffff); i++) {
                ElfSegment header = elf.getProgramHeader(i);
                if (header.p_type == PT_INTERP || header.p_type == PT_TLS) {
                    throw fault("needs "
                            + (header.p_type == PT_TLS
                                    ? "thread-local storage"
                                    : "a dynamic linker")
                            + ", which there is none of in the SIM view" + REBUILD);
                }
                if (header.p_type == PT_LOAD && header.p_memsz != 0) {
                    segments.add(segment(header));
                    if (segments.size() > SimAbi.MAX_SEGMENTS) {
                        throw fault("has more than " + SimAbi.MAX_SEGMENTS + " segments to load"
                                + REBUILD);
                    }
                }
            }
            if (segments.isEmpty()) {
                throw fault("has nothing to load (no PT_LOAD)" + REBUILD);
            }
            segments.sort(Comparator.comparingLong(ProgramSegment::virtualAddress));
            for (int i = 1; i < segments.size(); i++) {
                ProgramSegment before = segments.get(i - 1);
                if (before.virtualAddress() + before.memorySize()
                        > segments.get(i).virtualAddress()) {
                    throw fault(String.format(
                            "has two PT_LOADs on the page at 0x%x; link it with -z"
                                    + " separate-code and"
                                    + " -z max-page-size=4096",
                            segments.get(i).virtualAddress()));
                }
            }
            return segments;
        }

        private ProgramSegment segment(ElfSegment header) throws RegionException {
            long address = header.p_vaddr;
            if (address < 0
                    || header.p_memsz < 0
                    || address > MAX_ADDRESS
                    || header.p_memsz > MAX_FILE_SIZE
                    || header.p_filesz < 0
                    || header.p_filesz > header.p_memsz) {
                throw fault(String.format(
                        "has a PT_LOAD of impossible size at 0x%x (0x%x bytes, 0x%x in"
                                + " the file); at most %d bytes"
                                + " fit a region",
                        address, header.p_memsz, header.p_filesz, MAX_FILE_SIZE));
            }
            Access access =
                    new Access(header.isReadable(), header.isWriteable(), header.isExecutable());
            if (access.write() && access.execute()) {
                throw fault(String.format(
                        "has a PT_LOAD at 0x%x that is writable and executable; link it"
                                + " with -z noexecstack and"
                                + " -z separate-code",
                        address));
            }
            if (!access.read() && !access.write() && !access.execute()) {
                throw fault(String.format(
                        "has a PT_LOAD at 0x%x that allows no access" + REBUILD, address));
            }
            int lead = (int) (address % SimAbi.PAGE_SIZE);
            long size = Pages.roundUp(lead + header.p_memsz);
            ByteBuffer contents = ByteBuffer.allocate(lead + (int) header.p_filesz);
            contents.put(
                    lead,
                    slice(
                            header.p_offset,
                            header.p_filesz,
                            String.format("PT_LOAD at 0x%x", address)),
                    0,
                    (int) header.p_filesz);
            return new ProgramSegment(address - lead, size, access, contents);
        }

        private void relocations(
                ElfSection section, List<ProgramSegment> segments, Map<Long, Long> into)
                throws RegionException {
            if ((section.header.sh_flags & SHF_ALLOC) == 0
                    || !(section instanceof ElfRelocationAddendSection table)) {
                return;
            }
            for (ElfRelocationAddend relocation : table.relocations) {
                // getType() of jelf is a long that holds ELF64_R_TYPE.
                long type = relocation.r_info & 0xffffffffL;
                if (type == R_X86_64_NONE) {
                    continue;
                }
                if (type != R_X86_64_RELATIVE) {
                    String symbol = relocation.getSymbolIndex() != 0
                            ? relocation.getSymbol().getName()
                            : null;
                    throw fault(String.format(
                            "has a relocation of type %d at 0x%x%s, and only"
                                    + " R_X86_64_RELATIVE can be done; give it"
                                    + " its own copy of what it calls and link with "
                                    + "-Bsymbolic -fvisibility=hidden",
                            type,
                            relocation.r_offset,
                            symbol != null ? " for symbol " + symbol : ""));
                }
                if (segments.stream()
                        .noneMatch(segment -> segment.covers(relocation.r_offset, 8))) {
                    throw fault(String.format(
                            "has a relocation at 0x%x, outside of all its segments; build"
                                    + " it again",
                            relocation.r_offset));
                }
                into.put(relocation.r_offset, relocation.r_addend);
            }
        }

        private RegionException fault(String what) {
            return new RegionException(file + ": " + what);
        }
    }
}
