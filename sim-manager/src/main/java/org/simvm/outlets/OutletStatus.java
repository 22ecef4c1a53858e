// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

/**
 * How an outlet is.
 *
 * @param name {@code journal}, {@code syslog} or {@code webhook}
 * @param on whether it is configured
 * @param failing whether the last try failed
 * @param delivered notices that the receiver took since the manager was started
 * @param refused notices that the receiver will never take, since the manager was started
 * @param lost notices that did not fit into the spool, since it was made
 * @param waiting notices in the spool
 * @param bytes of the spool on disk
 */
public record OutletStatus(
        String name,
        boolean on,
        boolean failing,
        long delivered,
        long refused,
        long lost,
        long waiting,
        long bytes) {}
