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
 * <p>The tables are the resources {@code syscalls-64.txt}, {@code syscalls-32.txt} and {@code syscalls-x32.txt}: a number and a name a line.
 */
public final class SyscallNames {
    private static final String[] NAMES_64 = read("syscalls-64.txt");
    private static final String[] NAMES_32 = read("syscalls-32.txt");
    private static final String[] NAMES_X32 = read("syscalls-x32.txt");

    private SyscallNames() {
    }

    /**
     * Tells a system call's name.
     *
     * @param number without the x32 bit; any value
     * @return the name, or {@code syscall_N} if there is none
     */
    public static String name(Event.Door door, long number) {
        String[] names = switch (door) {
            case SYSCALL_64 -> NAMES_64;
            case SYSCALL_32 -> NAMES_32;
            case SYSCALL_X32 -> NAMES_X32;
        };
        String name = number >= 0 && number < names.length ? names[(int) number] : null;
        return name != null ? name : "syscall_" + number;
    }

    private static String[] read(String resource) {
        String[] names = new String[512];
        try (InputStream in = SyscallNames.class.getResourceAsStream(resource);
                BufferedReader lines = new BufferedReader(new InputStreamReader(in, StandardCharsets.US_ASCII))) {
            for (String line = lines.readLine(); line != null; line = lines.readLine()) {
                if (line.isBlank() || line.startsWith("#")) {
                    continue;
                }
                int space = line.indexOf(' ');
                int number = Integer.parseInt(line.substring(0, space));
                if (number >= names.length) {
                    names = Arrays.copyOf(names, Math.max(number + 1, names.length * 2));
                }
                names[number] = line.substring(space + 1).trim();
            }
        } catch (IOException error) {
            throw new UncheckedIOException("can't read " + resource, error);
        }
        return names;
    }
}
