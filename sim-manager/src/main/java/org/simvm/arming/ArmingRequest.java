// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.Set;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;

/**
 * Which guest to arm, and with what.
 *
 * @param domain what log lines call it, for instance its name
 * @param qmpSocket {@code qmp.sock} in the domain's run directory; the directory exists, the socket
 *     may not yet
 * @param timeout how long to wait for QEMU to open that socket
 * @param region the region that QEMU maps; used by this package alone until the session ends, and
 *     not closed by it
 * @param plan what went into that region
 * @param required whether a guest that can't be armed must not run: it is then left stopped
 * @param kernels build IDs, in lower-case hexadecimal, of the kernels that may be armed; empty: any
 * @param bootLimit vCPU time that a guest may use up to its boot stop, firmware and boot loader
 *     included; zero for any
 * @param earlier what an earlier manager has done for this QEMU
 * @param outside runs the monitors outside of the guest, if that is where they run
 */
public record ArmingRequest(
        String domain,
        Path qmpSocket,
        Duration timeout,
        RegionFile region,
        RegionPlan plan,
        boolean required,
        Set<String> kernels,
        Duration bootLimit,
        EarlierSession earlier,
        OutsideMonitors outside) {
    public ArmingRequest {
        Objects.requireNonNull(domain, "domain");
        Objects.requireNonNull(qmpSocket, "qmpSocket");
        Objects.requireNonNull(timeout, "timeout");
        Objects.requireNonNull(region, "region");
        Objects.requireNonNull(plan, "plan");
        kernels = Set.copyOf(kernels);
        Objects.requireNonNull(bootLimit, "bootLimit");
        Objects.requireNonNull(earlier, "earlier");
        Objects.requireNonNull(outside, "outside");
    }

    /**
     * A request for a QEMU that is about to start, with monitors in the guest, any kernel and no
     * limit.
     */
    public ArmingRequest(
            String domain,
            Path qmpSocket,
            Duration timeout,
            RegionFile region,
            RegionPlan plan,
            boolean required) {
        this(
                domain,
                qmpSocket,
                timeout,
                region,
                plan,
                required,
                Set.of(),
                Duration.ZERO,
                EarlierSession.NONE,
                OutsideMonitors.NONE);
    }

    /** Empties the region for the next boot; whoever serves its calls ends first. */
    void resetRegion() throws RegionException {
        outside.end();
        region.reset();
    }
}
