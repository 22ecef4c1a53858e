// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.Set;

/** How long vCPUs have run. */
@FunctionalInterface
interface VcpuTime {
    /**
     * Adds up the CPU time of a process's threads, since each was started.
     *
     * @param process id of QEMU
     * @param threads ids of its vCPU threads; one that is named twice, as several vCPUs of TCG may
     *     run on one, counts once
     * @throws IOException if it can't be read
     */
    Duration used(long process, Collection<Long> threads) throws IOException;

    /**
     * Reads {@code /proc/<pid>/task/<tid>/stat}: user and system time are the fields 14 and 15, in
     * ticks of 1/100 s (proc(5); {@code USER_HZ} is 100 on x86). Time in a KVM guest is part of
     * user time.
     */
    static Duration ofProc(long process, Collection<Long> threads) throws IOException {
        long ticks = 0;
        for (long thread : Set.copyOf(threads)) {
            Path file = Path.of("/proc/" + process + "/task/" + thread + "/stat");
            String stat;
            try {
                stat = Files.readString(file, StandardCharsets.ISO_8859_1);
            } catch (NoSuchFileException e) {
                throw new IOException("there is no thread " + thread, e);
            }
            ticks += ticks(stat);
        }
        return Duration.ofMillis(ticks * 10);
    }

    /** Field 2, the name, may hold blanks and parentheses: fields count from its last one. */
    private static long ticks(String stat) throws IOException {
        String[] fields = stat.substring(stat.lastIndexOf(')') + 1).strip().split(" ", 0);
        try {
            return Long.parseLong(fields[11]) + Long.parseLong(fields[12]);
        } catch (NumberFormatException | ArrayIndexOutOfBoundsException e) {
            throw new IOException("unknown format: " + stat.strip(), e);
        }
    }
}
