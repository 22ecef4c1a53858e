// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import java.util.Optional;

/**
 * Which build of a kernel a guest runs, as the guest's memory says.
 *
 * @param banner {@code linux_banner}: release, compiler, time of the build
 * @param buildId the linker's, in hexadecimal
 */
public record KernelBuild(String banner, Optional<String> buildId) {
    /** Returns the release and the build ID. */
    @Override
    public String toString() {
        String[] words = banner.split(" ", 4);
        return (words.length > 2 ? words[2] : banner)
                + buildId.map(id -> " (build ID " + id + ")").orElse(" (no build ID)");
    }
}
