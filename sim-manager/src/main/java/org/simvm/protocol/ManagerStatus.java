// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.time.Instant;
import java.util.List;

/**
 * The answer to {@code about}: how the manager is doing.
 *
 * @param version the manager's
 * @param pid its process
 * @param started when it was started
 * @param libvirtUri the libvirt that it serves
 * @param libvirtConnected whether that is reachable
 * @param domains how many domains it knows
 * @param outlets those that were ever on
 * @param armed how many domains are armed
 */
public record ManagerStatus(
        String version,
        long pid,
        Instant started,
        String libvirtUri,
        boolean libvirtConnected,
        int domains,
        List<Outlet> outlets,
        long armed) {
    public ManagerStatus {
        outlets = List.copyOf(outlets);
    }

    /**
     * How an outlet is doing. Counts are since the manager was started, {@code lost} since the
     * spool was made.
     *
     * @param name {@code journal}, {@code syslog} or {@code webhook}
     * @param on whether it is configured
     * @param failing whether the last try failed
     * @param delivered notices that the receiver took
     * @param refused notices that the receiver will never take
     * @param lost notices that did not fit into the spool
     * @param waiting notices in the spool
     * @param bytes of the spool on disk
     */
    public record Outlet(
            String name,
            boolean on,
            boolean failing,
            long delivered,
            long refused,
            long lost,
            long waiting,
            long bytes) {}
}
