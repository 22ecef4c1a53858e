// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.io.IOException;
import java.time.Duration;
import java.util.List;
import org.simvm.qmp.QmpException;
import org.simvm.qmp.SimDevice;
import org.simvm.qmp.SimStatus;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Watches a guest that runs and has not written {@code MSR_LSTAR}. Every 64-bit Linux writes it
 * long before its first program, so a guest that runs user mode without, or uses up the time that
 * firmware and boot loader may take, runs something that will never be armed.
 *
 * <p>Neither TCG nor KVM exits when a vCPU enters ring 3, so each vCPU's privilege level is
 * sampled. What runs in user mode between two looks is missed; the limit is not: it counts the time
 * of QEMU's vCPU threads, which is what the guest executed, on TCG and KVM alike. A guest that is
 * halted, by a firmware that finds no disk for instance, uses none and executes nothing.
 */
final class UnarmedWatch {
    /** Between two looks. */
    static final Duration INTERVAL = Duration.ofSeconds(1);

    private static final Logger log = LoggerFactory.getLogger(UnarmedWatch.class);
    private static final int USER_MODE = 3;

    private final String domain;
    private final SimDevice device;
    private final VcpuTime time;
    private final Duration limit;
    private final Duration before;
    private boolean blind;

    private UnarmedWatch(BootContext context, VcpuTime time, Duration before) {
        this.domain = context.domain();
        this.device = context.guest().device();
        this.time = time;
        this.limit = context.request().bootLimit();
        this.before = before;
    }

    /** Begins to count, for a guest that was started or reset just now. */
    static UnarmedWatch begin(BootContext context, VcpuTime time)
            throws ArmingException, QmpException, InterruptedException {
        SimDevice device = context.guest().device();
        return new UnarmedWatch(context, time, used(device, device.query(), time));
    }

    /**
     * Takes a look.
     *
     * @throws ArmingException if the guest runs user mode, or its time is used up
     */
    void look() throws ArmingException, QmpException, InterruptedException {
        List<Integer> levels = privilegeLevels();
        SimStatus status = device.query();
        int user = levels.indexOf(USER_MODE);
        if (user >= 0) {
            throw new ArmingException(
                    ArmingFailure.Kind.USER_MODE,
                    "the guest runs user mode and no kernel has written MSR_LSTAR; vCPU " + user
                            + " was seen in ring 3: " + mode(status, user)
                            + "; boot a 64-bit Linux");
        }
        Duration used = used(device, status, time).minus(before);
        if (!limit.isZero() && used.compareTo(limit) > 0) {
            throw new ArmingException(
                    ArmingFailure.Kind.BOOT_LIMIT,
                    "no kernel has written MSR_LSTAR in " + used.toSeconds()
                            + " s of vCPU time (limit " + limit.toSeconds() + " s); vCPU 0 was "
                            + "seen in " + mode(status, 0)
                            + "; boot a 64-bit Linux");
        }
    }

    /** Without them the limit still stands. */
    private List<Integer> privilegeLevels() throws QmpException, InterruptedException {
        try {
            return device.privilegeLevels();
        } catch (QmpException.Closed e) {
            throw e;
        } catch (QmpException e) {
            if (!blind) {
                log.warn(
                        "{}: cannot see whether the guest runs user mode: {}",
                        domain,
                        e.getMessage());
            }
            blind = true;
            return List.of();
        }
    }

    private static Duration used(SimDevice device, SimStatus status, VcpuTime time)
            throws ArmingException, QmpException, InterruptedException {
        List<Long> threads = device.vcpuThreads();
        try {
            return time.used(status.pid(), threads);
        } catch (IOException e) {
            throw new ArmingException(
                    ArmingFailure.Kind.QEMU,
                    "the vCPU time of QEMU " + status.pid() + " can't be read: "
                            + ArmingException.oneLine(e),
                    e);
        }
    }

    private static String mode(SimStatus status, int index) {
        return status.vcpus().stream()
                .filter(vcpu -> vcpu.index() == index)
                .findFirst()
                .map(vcpu -> vcpu.mode() + ", rip 0x" + Long.toHexString(vcpu.rip()))
                .orElse("an unknown mode");
    }
}
