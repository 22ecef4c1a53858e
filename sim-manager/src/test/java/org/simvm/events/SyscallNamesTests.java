// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Names of system calls. */
class SyscallNamesTests {
    private static final Pattern DEFINE =
            Pattern.compile("#define __NR_(\\w+) \\(?(?:__X32_SYSCALL_BIT \\+ )?(\\d+)\\)?");

    @ParameterizedTest
    @CsvSource({
        "SYSCALL_64, 59, execve",
        "SYSCALL_64, 451, cachestat",
        "SYSCALL_32, 11, execve",
        "SYSCALL_32, 0, restart_syscall",
        "SYSCALL_X32, 520, execve",
        "SYSCALL_X32, 1, write",
        "SYSCALL_64, 100000, syscall_100000",
        "SYSCALL_32, -1, syscall_-1"
    })
    void areThoseOfTheDoor(SyscallEvent.Door door, long number, String name) {
        assertEquals(name, SyscallNames.name(door, number));
    }

    @ParameterizedTest
    @CsvSource({
        "SYSCALL_64, unistd_64.h, 340",
        "SYSCALL_32, unistd_32.h, 420",
        "SYSCALL_X32, unistd_x32.h, 330"
    })
    void areThoseOfTheKernelsHeaders(SyscallEvent.Door door, String header, int atLeast)
            throws IOException {
        Path file = Path.of("/usr/include/x86_64-linux-gnu/asm", header);
        Assumptions.assumeTrue(
                Files.exists(file), "skipped: no " + file + " (package linux-libc-dev)");
        int count = 0;
        for (String line : Files.readAllLines(file)) {
            Matcher define = DEFINE.matcher(line);
            if (define.matches()) {
                assertEquals(
                        define.group(1), SyscallNames.name(door, Long.parseLong(define.group(2))));
                count++;
            }
        }
        assertTrue(count >= atLeast, "only " + count + " in " + file);
    }
}
