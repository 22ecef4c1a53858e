// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Consumer;
import org.simvm.arming.GuestRam;
import org.simvm.arming.OutsideMonitors;
import org.simvm.exitgate.MonitorProcess;
import org.simvm.exitgate.MonitorProcessException;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.qmp.SimStatus;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.settings.FindingClass;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Keeps a process running that serves the calls of a domain's gate {@code exit}. One that ends
 * while its guest runs is replaced at once, and the new one takes up the calls that wait; the
 * guest's vCPUs stand meanwhile. QEMU stops a guest whose call nobody answers.
 */
final class ExitGate implements OutsideMonitors, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(ExitGate.class);
    private static final Path DEFAULT = Path.of("/usr/lib/sim-manager/sim-monitor-process");
    /** A process that ends sooner than this after its start counts as one that can't live. */
    private static final Duration SHORT_LIFE = Duration.ofSeconds(10);

    private static final int SHORT_LIVES = 5;

    private final String domain;
    private final RegionFile region;
    private final Consumer<Finding> findings;
    /** Told how far the ring is reserved by processes that are dead. */
    private final Consumer<Long> abandoned;

    private final Path program;

    private SimStatus status;
    private MonitorProcess process;
    private Instant started = Instant.EPOCH;
    private int shortLives;
    private boolean closed;

    ExitGate(
            String domain,
            RegionFile region,
            Consumer<Finding> findings,
            Consumer<Long> abandoned) {
        this.domain = domain;
        this.region = region;
        this.findings = findings;
        this.abandoned = abandoned;
        String moved = System.getenv("SIM_MONITOR_PROCESS");
        this.program = moved == null || moved.isEmpty() ? DEFAULT : Path.of(moved);
    }

    /** Returns the id of the process that serves; empty if none does. */
    synchronized OptionalLong pid() {
        return process == null ? OptionalLong.empty() : OptionalLong.of(process.pid());
    }

    @Override
    public synchronized void serve(SimStatus now)
            throws MonitorProcessException, RegionException, InterruptedException {
        status = now;
        shortLives = 0;
        Optional<MonitorProcess> earlier = MonitorProcess.find(program, region);
        if (earlier.isPresent()) {
            watch(earlier.get());
            log.info(
                    "{}: process {} serves its calls since an earlier manager",
                    domain,
                    process.pid());
            return;
        }
        boolean died = region.servingProcess() != 0;
        start();
        if (died) {
            tell(
                    "it had ended while there was no manager; process " + process.pid()
                            + " goes on",
                    "a process ended");
        }
    }

    private void start() throws MonitorProcessException, RegionException, InterruptedException {
        abandoned.accept(region.ringReserved());
        MonitorProcess fresh =
                MonitorProcess.start(program, region, status.pid(), GuestRam.blocks(status));
        started = Instant.now();
        watch(fresh);
        log.info("{}: process {} serves its calls", domain, fresh.pid());
    }

    private void watch(MonitorProcess next) {
        process = next;
        next.whenEnded(() -> ended(next));
    }

    private synchronized void ended(MonitorProcess dead) {
        if (closed || process != dead) {
            return;
        }
        process = null;
        if (MonitorProcess.isGone(status.pid())) {
            return; // it ends with QEMU, as it should
        }
        String end = "process " + dead.pid() + " ended";
        shortLives = Duration.between(started, Instant.now()).compareTo(SHORT_LIFE) < 0
                ? shortLives + 1
                : 0;
        if (shortLives >= SHORT_LIVES) {
            tell(
                    end + ", the last of " + SHORT_LIVES
                            + " in a row; none is started any more, and the guest stands at "
                            + "its next call",
                    end);
            return;
        }
        try {
            start();
            tell(end + "; process " + process.pid() + " goes on", end);
        } catch (RegionException | MonitorProcessException e) {
            tell(end + ", and no other serves: " + e.getMessage(), end);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void tell(String found, String logged) {
        log.warn("{}: {}: {}", domain, logged, found);
        findings.accept(Finding.ofManager(
                FindingClass.MONITOR_PROCESS,
                FindingCode.MONITOR_PROCESS_ENDED,
                "the monitors' process",
                "a process that serves the guest's calls",
                found));
    }

    @Override
    public synchronized void end() {
        MonitorProcess ending = process;
        process = null;
        try {
            if (ending == null) {
                ending = MonitorProcess.find(program, region).orElse(null);
            }
            if (ending != null) {
                ending.kill();
            }
        } catch (RegionException | MonitorProcessException e) {
            log.error("{}: {}", domain, e.getMessage());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** Leaves the process as it is, for the next manager. */
    @Override
    public synchronized void close() {
        closed = true;
        if (process != null) {
            process.close();
        }
    }
}
