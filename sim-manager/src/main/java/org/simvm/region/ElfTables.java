// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Set;
import net.fornwall.jelf.ElfSectionHeader;

/**
 * Looks at an ELF file's section headers before jelf does. jelf allocates by the counts that it
 * finds in a table, so a damaged one could take gigabytes: tables must have the size that their
 * file has room for, and tables nobody asks for (hashes, notes) are shown to jelf as bytes.
 */
final class ElfTables {
    private static final int E_SHOFF = 40;
    private static final int E_SHENTSIZE = 58;
    private static final int E_SHNUM = 60;
    private static final int HEADER_SIZE = 64;
    private static final int SECTION_HEADER_SIZE = 64;
    private static final int SH_TYPE = 4;
    private static final int SH_OFFSET = 24;
    private static final int SH_SIZE = 32;
    private static final int SH_ENTSIZE = 56;
    /** {@code sizeof(Elf64_Sym)} and {@code sizeof(Elf64_Rela)}. */
    private static final int ENTRY_SIZE = 24;

    private static final Set<Integer> TABLES = Set.of(
            ElfSectionHeader.SHT_SYMTAB, ElfSectionHeader.SHT_DYNSYM, ElfSectionHeader.SHT_RELA);
    private static final Set<Integer> PLAIN = Set.of(
            ElfSectionHeader.SHT_NULL,
            ElfSectionHeader.SHT_PROGBITS,
            ElfSectionHeader.SHT_STRTAB,
            ElfSectionHeader.SHT_NOBITS);

    /** Sections whose kind matters to us by its number alone. */
    static final int SHT_REL = 9;

    static final int SHT_RELR = 19;

    private ElfTables() {}

    /**
     * Checks the tables of a 64-bit little-endian file and hides the others, in place.
     *
     * @return null, or what is wrong
     */
    static String prepare(byte[] file) {
        ByteBuffer bytes = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
        if (bytes.limit() < HEADER_SIZE) {
            return "has no complete header";
        }
        int count = bytes.getShort(E_SHNUM) & 0xffff;
        long offset = bytes.getLong(E_SHOFF);
        if (count != 0
                && (bytes.getShort(E_SHENTSIZE) != SECTION_HEADER_SIZE
                        || offset < 0
                        || offset > bytes.limit() - (long) count * SECTION_HEADER_SIZE)) {
            return "has section headers beyond the end of the file";
        }
        for (int i = 0; i < count; i++) {
            int at = (int) offset + i * SECTION_HEADER_SIZE;
            int type = bytes.getInt(at + SH_TYPE);
            long start = bytes.getLong(at + SH_OFFSET);
            long size = bytes.getLong(at + SH_SIZE);
            if (type != ElfSectionHeader.SHT_NULL
                    && type != ElfSectionHeader.SHT_NOBITS
                    && (start < 0
                            || size < 0
                            || start > bytes.limit()
                            || size > bytes.limit() - start)) {
                return "has section " + i + " beyond the end of the file";
            }
            if (type == SHT_REL || type == SHT_RELR) {
                return "has relocations in a form (section " + i + " of type " + type
                        + ") that can't be done; link it with"
                        + " -z nopack-relative-relocs";
            }
            if (TABLES.contains(type)) {
                if (bytes.getLong(at + SH_ENTSIZE) != ENTRY_SIZE || size % ENTRY_SIZE != 0) {
                    return "has a table (section " + i + ") whose entries are not of " + ENTRY_SIZE
                            + " bytes";
                }
            } else if (!PLAIN.contains(type)) {
                bytes.putInt(at + SH_TYPE, ElfSectionHeader.SHT_PROGBITS);
            }
        }
        return null;
    }
}
