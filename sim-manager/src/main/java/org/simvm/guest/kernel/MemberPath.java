// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.kernel;

import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;
import java.util.regex.Pattern;

/**
 * The way to a member: a structure's name and the names of members, each inside the one before.
 *
 * @param structure name of the structure or union
 * @param members at least one name
 */
record MemberPath(String structure, List<String> members) {
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");
    /** Anonymous structures inside each other. */
    private static final int DEPTH_LIMIT = 16;
    /**
     * Members that one search looks at. A hostile type list can name the same structure over and
     * over.
     */
    private static final int WORK_LIMIT = 200_000;
    /** The member isn't there. */
    static final int MISSING = -1;
    /** The member is a bit field, or the list of types is too tangled to tell. */
    static final int UNUSABLE = -2;
    /** Structures of this name have it in different places. */
    static final int AMBIGUOUS = -3;

    /** Reads alternatives, {@code A.b|C.d.e}. */
    static List<MemberPath> parse(String alternatives) {
        return Arrays.stream(alternatives.split("\\|", -1))
                .map(MemberPath::parseOne)
                .toList();
    }

    private static MemberPath parseOne(String path) {
        List<String> names = List.of(path.trim().split("\\.", -1));
        if (names.size() < 2
                || !names.stream().allMatch(name -> NAME.matcher(name).matches())) {
            throw new IllegalArgumentException(
                    "'" + path + "' is not a member: write STRUCT.MEMBER, as in"
                            + " task_struct.pid, and '|' between alternatives");
        }
        return new MemberPath(names.get(0), names.subList(1, names.size()));
    }

    @Override
    public String toString() {
        return structure + "." + String.join(".", members);
    }

    /** Returns the byte offset of the member, or one of the negative answers. */
    int resolve(TypeTable types) {
        int answer = MISSING;
        Search search = new Search(types);
        for (int type : types.structures(structure)) {
            int offset = search.offset(type, 0);
            if (offset == MISSING || offset == answer) {
                continue;
            }
            if (answer != MISSING) {
                return AMBIGUOUS;
            }
            answer = offset;
        }
        return answer;
    }

    /** A search in all structures of the name, with what is left of its work. */
    private final class Search {
        private final TypeTable types;
        private int work = WORK_LIMIT;

        Search(TypeTable types) {
            this.types = types;
        }

        /**
         * Returns the offset of the member {@code members.get(index)} and of those behind it, in
         * {@code type}.
         */
        int offset(int type, int index) {
            int member =
                    find(type, members.get(index).getBytes(StandardCharsets.ISO_8859_1), index, 0);
            return work < 0 ? UNUSABLE : member;
        }

        private int find(int type, byte[] name, int index, int depth) {
            for (int i = 0, count = types.memberCount(type); i < count; i++) {
                if (--work < 0) {
                    return UNUSABLE;
                }
                if (types.memberIsAnonymous(type, i)) {
                    int inner = types.memberStructure(type, i);
                    if (inner >= 0 && depth < DEPTH_LIMIT) {
                        int offset = sum(
                                types.memberOffset(type, i), find(inner, name, index, depth + 1));
                        if (offset != MISSING) {
                            return offset;
                        }
                    }
                } else if (types.memberHasName(type, i, name)) {
                    int own = types.memberOffset(type, i);
                    if (own < 0) {
                        return UNUSABLE;
                    }
                    if (index == members.size() - 1) {
                        return own;
                    }
                    int inner = types.memberStructure(type, i);
                    return inner < 0 ? MISSING : sum(own, offset(inner, index + 1));
                }
            }
            return MISSING;
        }

        /**
         * Adds offsets that are none of the negative answers and stay small; a structure has below
         * 256 MiB.
         */
        private int sum(int outer, int inner) {
            if (inner < 0) {
                return inner;
            }
            return outer < 0 || outer + inner < 0 ? UNUSABLE : outer + inner;
        }
    }
}
