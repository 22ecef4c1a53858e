// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Set;

/**
 * What Linux says of the host's CPU.
 *
 * @param vtx VT-x is there and not hidden
 * @param amdv AMD-V is there and not hidden
 * @param ept VT-x has extended page tables
 * @param eptpSwitching VT-x has VMFUNC leaf 0
 * @param virtual Linux runs in a virtual machine itself
 */
public record HostCpu(
        boolean vtx, boolean amdv, boolean ept, boolean eptpSwitching, boolean virtual) {
    private static final Path CPUINFO = Path.of("/proc/cpuinfo");

    /** Reads {@code /proc/cpuinfo}; what can't be read counts as not there. */
    public static HostCpu ofHost() {
        try {
            return of(Files.readString(CPUINFO));
        } catch (IOException e) {
            return of("");
        }
    }

    /** Reads the first CPU of such a text. {@code vmx flags} is there since Linux 5.6. */
    static HostCpu of(String cpuinfo) {
        Set<String> flags = words(cpuinfo, "flags");
        Set<String> vmx = words(cpuinfo, "vmx flags");
        return new HostCpu(
                flags.contains("vmx"),
                flags.contains("svm"),
                vmx.contains("ept") || flags.contains("ept"),
                vmx.contains("eptp_switching"),
                flags.contains("hypervisor"));
    }

    private static Set<String> words(String cpuinfo, String key) {
        return cpuinfo.lines()
                .filter(line -> line.matches(key + "\\s*:.*"))
                .findFirst()
                .map(line -> new HashSet<>(Arrays.asList(
                        line.substring(line.indexOf(':') + 1).trim().split("\\s+"))))
                .orElseGet(HashSet::new);
    }
}
