// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.nio.file.Path;
import java.time.Duration;
import java.util.Collection;
import java.util.List;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Commands one machine's region device, and delivers its events.
 *
 * <p>Every command may throw {@link QmpException.Refused} (nothing was changed),
 * {@link QmpException.TimedOut} or {@link QmpException.Closed}. Methods may be called from any
 * thread, the event consumer's included.
 */
public final class SimDevice implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(SimDevice.class);

    private final QmpConnection connection;

    SimDevice(QmpConnection connection) {
        this.connection = connection;
    }

    /**
     * Connects to the device. Its events wait until somebody {@linkplain #listen listens}.
     *
     * @param socket {@code qmp.sock} in the domain's run directory; the directory must exist
     * @param timeout how long to wait for QEMU
     * @throws QmpException if there is no QEMU in time
     * @throws InterruptedException if the thread was interrupted
     */
    public static SimDevice connect(Path socket, Duration timeout)
            throws QmpException, InterruptedException {
        return new SimDevice(QmpClient.connect(socket, timeout));
    }

    /**
     * Begins to deliver events, those since {@link #connect} included. Call it once.
     *
     * @param events called with each event, in order, on a thread of the connection; the last one
     *     is {@link SimEvent.Gone}
     */
    public void listen(Consumer<SimEvent> events) {
        connection.listen(new QmpListener() {
            @Override
            public void event(QmpEvent event) {
                try {
                    SimMessages.event(event).ifPresent(events);
                } catch (QmpException e) {
                    log.error("cannot decode event {}: {}", event.name(), e.getMessage());
                }
            }

            @Override
            public void closed(String reason) {
                events.accept(new SimEvent.Gone(reason, System.nanoTime()));
            }
        });
    }

    /** Asks the device for its state, counters, guest RAM and virtual CPUs. */
    public SimStatus query() throws QmpException, InterruptedException {
        return SimMessages.status(connection.execute("query-sim", null));
    }

    /**
     * Makes the guest stop, once, before the instruction at an address; replaces any earlier such
     * stop.
     *
     * @param address guest virtual address
     */
    public void setStop(long address) throws QmpException, InterruptedException {
        connection.execute("sim-set-stop", SimMessages.stop(address));
    }

    /** Takes back {@link #setStop}. */
    public void clearStop() throws QmpException, InterruptedException {
        connection.execute("sim-clear-stop", null);
    }

    /**
     * Carries out all the writes, or none; only while the guest is stopped.
     *
     * @param map whether the SIM view, the gates and the SIM CR3 become effective, as the region
     *     file says now
     * @param writes what to write and what must be there before
     */
    public void apply(boolean map, Collection<GuestWrite> writes)
            throws QmpException, InterruptedException {
        connection.execute("sim-apply", SimMessages.apply(map, writes));
    }

    /** Protects bytes of guest RAM pages from the guest's own writes, until reset. */
    public void seal(Collection<SealedPage> pages) throws QmpException, InterruptedException {
        connection.execute("sim-seal", SimMessages.seal(pages));
    }

    /**
     * Reads violations that the device still holds.
     *
     * @param sequence of the last one that is known, 0 for none
     */
    public ViolationLog violationsAfter(long sequence) throws QmpException, InterruptedException {
        return SimMessages.violations(
                connection.execute("query-sim-violations", SimMessages.since(sequence)));
    }

    /** Returns the id of the host thread that runs each virtual CPU. */
    public List<Long> vcpuThreads() throws QmpException, InterruptedException {
        return SimMessages.threads(connection.execute("query-cpus-fast", null));
    }

    /**
     * Returns the privilege level of each virtual CPU, 0 to 3, as it runs.
     *
     * <p>No QMP command has it. HMP's {@code info registers} does, for TCG and for KVM, whose
     * registers it fetches ({@code x86_cpu_dump_state} in {@code target/i386/cpu-dump.c}).
     */
    public List<Integer> privilegeLevels() throws QmpException, InterruptedException {
        return SimMessages.privilegeLevels(connection.execute(
                "human-monitor-command", SimMessages.monitorCommand("info registers -a")));
    }

    /** Tells whether virtual CPUs run. */
    public boolean isRunning() throws QmpException, InterruptedException {
        return connection.execute("query-status", null).path("running").asBoolean();
    }

    /** Lets the guest run. */
    public void resume() throws QmpException, InterruptedException {
        connection.execute("cont", null);
    }

    /** Stops the guest's virtual CPUs. */
    public void pause() throws QmpException, InterruptedException {
        connection.execute("stop", null);
    }

    /** Resets the machine, as its reset button does. */
    public void reset() throws QmpException, InterruptedException {
        connection.execute("system_reset", null);
    }

    /** Closes the connection; the machine is left as it is. */
    @Override
    public void close() {
        connection.close();
    }
}
