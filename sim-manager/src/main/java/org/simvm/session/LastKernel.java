// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import org.simvm.guest.kernel.Kernel;
import org.simvm.incident.KernelBuild;
import org.simvm.incident.Notices;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The kernel that a domain's guest was last armed with, in {@code kernel.json} of the domain's
 * state directory. It outlives the domain's QEMU: a guest that boots another kernel is not hidden
 * by a restart.
 */
final class LastKernel {
    private static final Logger log = LoggerFactory.getLogger(LastKernel.class);
    private static final int FORMAT = 1;

    private final Path file;
    private final Notice.Domain domain;
    private final Outlets outlets;

    LastKernel(Path stateDirectory, Notice.Domain domain, Outlets outlets) {
        this.file = stateDirectory.resolve("kernel.json");
        this.domain = domain;
        this.outlets = outlets;
    }

    /** A boot is armed; tells if its kernel is not that of the boot before. */
    void armed(Kernel kernel) {
        KernelBuild now = new KernelBuild(kernel.banner(), kernel.buildId());
        booted(now).ifPresent(before -> {
            log.warn("{}: boots another kernel: {}, before: {}", domain.name(), now, before);
            outlets.accept(Notices.kernel(domain, before, now));
        });
    }

    /**
     * Notes what was booted.
     *
     * @return the kernel before, if it was another one; empty as well if none is known
     */
    Optional<KernelBuild> booted(KernelBuild now) {
        Optional<KernelBuild> before = read();
        if (before.filter(now::equals).isEmpty()) {
            write(now);
        }
        return before.filter(known -> !known.equals(now));
    }

    private Optional<KernelBuild> read() {
        try {
            return StateFile.read(file, FORMAT, KernelBuild.class);
        } catch (IOException e) {
            log.warn("{}; whether the guest boots another kernel is not known", e.getMessage());
            return Optional.empty();
        }
    }

    private void write(KernelBuild now) {
        try {
            StateFile.replace(file, FORMAT, now, StateFile.Safety.HOST);
        } catch (IOException e) {
            log.error("{} can't be written: {}", file, e.toString());
        }
    }
}
