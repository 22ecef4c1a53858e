// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Names of Linux system calls by number, for each of the three doors of x86-64.
 *
 * <p>The table is {@code native-qemu-patch/monitor/monitors/calls.tsv}, which the monitor of system
 * calls is built from too: a name a line, then its number at the 64-bit, the 32-bit and the x32
 * door, {@code -} for none.
 */
public final class SyscallNames {
    private static final String TABLE = "calls.tsv";
    /** By {@link SyscallEvent.Door#ordinal()}, which is the column of the table, then by number. */
    private static final String[][] NAMES = read();

    private SyscallNames() {}

    /**
     * Tells a system call's name.
     *
     * @param number without the x32 bit; any value
     * @return the name, or {@code syscall_N} if there is none
     */
    public static String name(SyscallEvent.Door door, long number) {
        String[] names = NAMES[door.ordinal()];
        String name = number >= 0 && number < names.length ? names[(int) number] : null;
        return name != null ? name : "syscall_" + number;
    }

    private static String[][] read() {
        String[][] names = new String[SyscallEvent.Door.values().length][512];
        try (InputStream in = SyscallNames.class.getResourceAsStream(TABLE);
                BufferedReader lines =
                        new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                String[] column = line.split("\t", 0);
                for (int door = 0; door < names.length; door++) {
                    if (!column[1 + door].equals("-")) {
                        put(names, door, Integer.parseInt(column[1 + door]), column[0]);
                    }
                }
            }
        } catch (IOException error) {
            throw new UncheckedIOException("can't read " + TABLE, error);
        }
        return names;
    }

    private static void put(String[][] names, int door, int number, String name) {
        if (number >= names[door].length) {
            names[door] = Arrays.copyOf(names[door], Math.max(number + 1, names[door].length * 2));
        }
        names[door][number] = name;
    }
}
