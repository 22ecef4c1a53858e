// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simvm.guest.memory.LittleEndian;

/**
 * The kernel's BTF: a list of types, of which only those that are asked for are ever looked at
 * closely.
 *
 * <p>Layout ({@code include/uapi/linux/btf.h}): a header, the types one behind the other, numbered
 * from 1, and the strings. A type has 12 bytes (name, info, size or type) and then what its kind
 * adds; so finding a type by its number takes one pass over all, which is made once.
 */
final class TypeTable {
    static final int MAGIC = 0xeb9f;
    static final int HEADER_SIZE = 24;
    /** Bytes of BTF that are accepted. Debian's kernels have 4 to 6 MiB. */
    static final int SIZE_LIMIT = 32 << 20;

    private static final int TYPE_SIZE = 12;
    static final int MEMBER_SIZE = 12;

    private static final int KIND_INT = 1;
    private static final int KIND_POINTER = 2;
    static final int KIND_STRUCT = 4;
    static final int KIND_UNION = 5;
    private static final int KIND_ENUM = 6;
    private static final int KIND_TYPEDEF = 8;
    private static final int KIND_VOLATILE = 9;
    private static final int KIND_CONST = 10;
    private static final int KIND_RESTRICT = 11;
    private static final int KIND_FUNCTION = 12;
    private static final int KIND_PROTOTYPE = 13;
    private static final int KIND_TYPE_TAG = 18;
    private static final int KIND_ENUM64 = 19;
    /**
     * What each kind has behind its 12 bytes: a fixed number of bytes, and so many for each of its
     * elements.
     */
    private static final int[] FIXED = {-1, 4, 0, 12, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0, 0, 4, 0, 0
    };

    private static final int[] EACH = {
        0, 0, 0, 0, 12, 12, 8, 0, 0, 0, 0, 0, 0, 8, 0, 12, 0, 0, 0, 12
    };
    private static final int PARAMETER_SIZE = 8;
    /** Parameters that registers hold. */
    private static final int PARAMETER_LIMIT = 6;

    private static final int NAME_LIMIT = 128;
    /** Typedefs and qualifiers in a row. */
    private static final int MODIFIER_LIMIT = 64;

    private static final CommonCopies<TypeTable> COMMON = new CommonCopies<>();

    private final byte[] bytes;
    private final int strings;
    private final int stringsEnd;
    /** Where each type begins; number 0, void, has none. */
    private final int[] types;
    /** Numbers of all structures and unions that have a name. */
    private final int[] structures;

    private TypeTable(byte[] bytes, int strings, int stringsEnd, int[] types, int[] structures) {
        this.bytes = bytes;
        this.strings = strings;
        this.stringsEnd = stringsEnd;
        this.types = types;
        this.structures = structures;
    }

    /** Says why bytes are not BTF. */
    static final class MalformedException extends Exception {
        private static final long serialVersionUID = 1L;

        MalformedException(String message) {
            super(message);
        }
    }

    /**
     * Returns how many bytes of BTF a header announces, or -1 if it is none.
     *
     * @param header at least {@link #HEADER_SIZE} bytes from {@code at} on
     */
    static int announcedSize(byte[] header, int at) {
        if ((LittleEndian.getShort(header, at) & 0xffff) != MAGIC || header[at + 2] != 1) {
            return -1;
        }
        long headerSize = word(header, at + 4);
        long typesEnd = word(header, at + 8) + word(header, at + 12);
        long stringsEnd = word(header, at + 16) + word(header, at + 20);
        long size = headerSize + Math.max(typesEnd, stringsEnd);
        return headerSize < HEADER_SIZE || size > SIZE_LIMIT ? -1 : (int) size;
    }

    /**
     * Indexes BTF that begins with its header, unless that was done for another guest of the same
     * kernel.
     */
    static TypeTable parse(byte[] bytes) throws MalformedException {
        Optional<TypeTable> common = COMMON.find(table -> Arrays.equals(table.bytes, bytes));
        return common.isPresent() ? common.get() : COMMON.add(index(bytes));
    }

    private static TypeTable index(byte[] bytes) throws MalformedException {
        if (bytes.length < HEADER_SIZE
                || announcedSize(bytes, 0) < 0
                || announcedSize(bytes, 0) > bytes.length) {
            throw new MalformedException(
                    "no BTF header of version 1, or one that announces more than there is");
        }
        // announcedSize() has bounded all of these.
        int header = (int) word(bytes, 4);
        int start = header + (int) word(bytes, 8);
        int end = start + (int) word(bytes, 12);
        int strings = header + (int) word(bytes, 16);
        int stringsEnd = strings + (int) word(bytes, 20);
        if (strings == stringsEnd || bytes[strings] != 0 || bytes[stringsEnd - 1] != 0) {
            throw new MalformedException("string section does not begin and end with a zero byte");
        }

        int[] types = new int[1 << 17];
        int[] structures = new int[1 << 14];
        int structureCount = 0;
        int count = 1;
        for (int at = start; at < end; count++) {
            if (end - at < TYPE_SIZE) {
                throw new MalformedException("type " + count + " is cut off");
            }
            int info = LittleEndian.getInt(bytes, at + 4);
            int kind = kind(info);
            if (kind >= FIXED.length || FIXED[kind] < 0) {
                throw new MalformedException("type " + count + " has the unknown kind " + kind);
            }
            long size = TYPE_SIZE + FIXED[kind] + (long) EACH[kind] * elements(info);
            if (size > end - at) {
                throw new MalformedException("type " + count + " is cut off");
            }
            if (count == types.length) {
                types = Arrays.copyOf(types, 2 * count);
            }
            types[count] = at;
            if ((kind == KIND_STRUCT || kind == KIND_UNION)
                    && LittleEndian.getInt(bytes, at) != 0) {
                if (structureCount == structures.length) {
                    structures = Arrays.copyOf(structures, 2 * structureCount);
                }
                structures[structureCount++] = count;
            }
            at += (int) size;
        }
        return new TypeTable(
                bytes,
                strings,
                stringsEnd,
                Arrays.copyOf(types, count),
                Arrays.copyOf(structures, structureCount));
    }

    private static long word(byte[] bytes, int at) {
        return LittleEndian.getInt(bytes, at) & 0xffff_ffffL;
    }

    /** Bits 24 to 28, and 29 and 30, which were zero so far. */
    private static int kind(int info) {
        return info >>> 24 & 0x7f;
    }

    /** Bits 0 to 15, and 16 to 23, which were zero so far. */
    private static int elements(int info) {
        return info & 0xff_ffff;
    }

    /** Returns the number of types without void. */
    int count() {
        return types.length - 1;
    }

    /** Returns the numbers of all structures and unions of this name. */
    int[] structures(String name) {
        byte[] wanted = name.getBytes(StandardCharsets.ISO_8859_1);
        return Arrays.stream(structures)
                .filter(type -> hasName(LittleEndian.getInt(bytes, types[type]), wanted))
                .toArray();
    }

    /** Returns the size in bytes of a structure or union. */
    int size(int structure) {
        return LittleEndian.getInt(bytes, types[structure] + 8);
    }

    /** Returns the number of members of a structure or union. */
    int memberCount(int structure) {
        return elements(LittleEndian.getInt(bytes, types[structure] + 4));
    }

    private int member(int structure, int index) {
        return types[structure] + TYPE_SIZE + index * MEMBER_SIZE;
    }

    /** Tells whether a member has this name. */
    boolean memberHasName(int structure, int index, byte[] name) {
        return hasName(LittleEndian.getInt(bytes, member(structure, index)), name);
    }

    /** Tells whether a member has no name. */
    boolean memberIsAnonymous(int structure, int index) {
        return LittleEndian.getInt(bytes, member(structure, index)) == 0;
    }

    /**
     * Returns the structure or union that a member is, through typedefs and qualifiers, or -1 if it
     * is something else.
     */
    int memberStructure(int structure, int index) {
        int type = unqualified(LittleEndian.getInt(bytes, member(structure, index) + 4));
        return isStructure(type) ? type : -1;
    }

    private boolean isStructure(int type) {
        return type > 0 && (kindOf(type) == KIND_STRUCT || kindOf(type) == KIND_UNION);
    }

    private int kindOf(int type) {
        return kind(LittleEndian.getInt(bytes, types[type] + 4));
    }

    /** Returns the type behind typedefs and qualifiers, or -1 for void and what is malformed. */
    private int unqualified(int type) {
        int at = type;
        for (int i = 0; i < MODIFIER_LIMIT && at > 0 && at < types.length; i++) {
            switch (kindOf(at)) {
                case KIND_TYPEDEF, KIND_VOLATILE, KIND_CONST, KIND_RESTRICT, KIND_TYPE_TAG ->
                    at = LittleEndian.getInt(bytes, types[at] + 8);
                default -> {
                    return at;
                }
            }
        }
        return -1;
    }

    /** Returns what the functions of this name take; one list for each that differs. */
    Set<List<Parameter>> prototypes(String function) {
        byte[] wanted = function.getBytes(StandardCharsets.ISO_8859_1);
        Set<List<Parameter>> found = new HashSet<>();
        for (int type = 1; type < types.length; type++) {
            if (kindOf(type) == KIND_FUNCTION
                    && hasName(LittleEndian.getInt(bytes, types[type]), wanted)) {
                int prototype = LittleEndian.getInt(bytes, types[type] + 8);
                if (prototype > 0
                        && prototype < types.length
                        && kindOf(prototype) == KIND_PROTOTYPE) {
                    found.add(parameters(prototype));
                }
            }
        }
        return found;
    }

    private List<Parameter> parameters(int prototype) {
        int count = elements(LittleEndian.getInt(bytes, types[prototype] + 4));
        List<Parameter> parameters = new ArrayList<>();
        for (int i = 0; i < Math.min(count, PARAMETER_LIMIT); i++) {
            int at = types[prototype] + TYPE_SIZE + i * PARAMETER_SIZE;
            parameters.add(parameter(unqualified(LittleEndian.getInt(bytes, at + 4))));
        }
        return List.copyOf(parameters);
    }

    private Parameter parameter(int type) {
        if (type < 0) {
            return new Parameter.Other();
        }
        return switch (kindOf(type)) {
            case KIND_INT, KIND_ENUM, KIND_ENUM64 -> new Parameter.Number();
            case KIND_POINTER -> {
                int target = unqualified(LittleEndian.getInt(bytes, types[type] + 8));
                yield new Parameter.Pointer(isStructure(target) ? name(target) : "");
            }
            default -> new Parameter.Other();
        };
    }

    private String name(int type) {
        int start = strings + LittleEndian.getInt(bytes, types[type]);
        int end = start;
        while (start >= strings
                && end < Math.min(stringsEnd, start + NAME_LIMIT)
                && bytes[end] != 0) {
            end++;
        }
        return end > start ? new String(bytes, start, end - start, StandardCharsets.US_ASCII) : "";
    }

    /** Returns the byte offset of a member in its structure, or -1 if it is a bit field. */
    int memberOffset(int structure, int index) {
        boolean withBitFieldSize = LittleEndian.getInt(bytes, types[structure] + 4) < 0;
        int offset = LittleEndian.getInt(bytes, member(structure, index) + 8);
        if (withBitFieldSize) {
            if (offset >>> 24 != 0) {
                return -1;
            }
            offset &= 0xff_ffff;
        }
        return offset % 8 == 0 ? offset >>> 3 : -1;
    }

    private boolean hasName(int name, byte[] wanted) {
        if (name < 0 || name > stringsEnd - strings - wanted.length - 1) {
            return false;
        }
        int at = strings + name;
        return bytes[at + wanted.length] == 0
                && Arrays.equals(bytes, at, at + wanted.length, wanted, 0, wanted.length);
    }
}
