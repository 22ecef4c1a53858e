// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Reads x86-64 page tables as the SDM tells a CPU to, independently of the code that writes them.
 */
final class PageWalk {
    private final ByteBuffer tables;
    private final long gpa;
    private final int levels;

    PageWalk(ByteBuffer tables, long gpa, int levels) {
        this.tables = tables.duplicate().order(ByteOrder.LITTLE_ENDIAN);
        this.gpa = gpa;
        this.levels = levels;
    }

    /** What is mapped: an address, where to, how much, and the rights of the whole path. */
    record Mapping(
            long virtual,
            long physical,
            long size,
            boolean writable,
            boolean executable,
            boolean user,
            boolean accessed,
            boolean dirty,
            boolean global) {}

    /** Every mapping that there is, by rising virtual address. */
    List<Mapping> all() {
        List<Mapping> mappings = new ArrayList<>();
        walk(gpa, levels, 0, true, true, true, true, mappings);
        return mappings;
    }

    private void walk(
            long table,
            int level,
            long virtual,
            boolean writable,
            boolean executable,
            boolean user,
            boolean accessed,
            List<Mapping> into) {
        for (int i = 0; i < 512; i++) {
            long entry = tables.getLong((int) (table - gpa) + i * 8);
            if ((entry & 1) == 0) {
                continue;
            }
            long at = virtual | (long) i << (12 + 9 * (level - 1));
            boolean w = writable && (entry & 2) != 0;
            boolean x = executable && entry >= 0;
            boolean u = user && (entry & 4) != 0;
            boolean a = accessed && (entry & 32) != 0;
            long target = entry & 0x000ffffffffff000L;
            if (level == 1 || (entry & 128) != 0) {
                int bits = 12 + 9 * (level - 1);
                int canonical = 64 - (12 + 9 * levels);
                into.add(new Mapping(
                        at << canonical >> canonical,
                        target,
                        1L << bits,
                        w,
                        x,
                        u,
                        a,
                        (entry & 64) != 0,
                        (entry & 256) != 0));
            } else {
                walk(target, level - 1, at, w, x, u, a, into);
            }
        }
    }
}
