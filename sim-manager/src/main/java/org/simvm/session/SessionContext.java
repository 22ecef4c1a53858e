// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.time.Duration;
import java.util.function.Supplier;
import org.simvm.events.EventLogs;
import org.simvm.integrity.CheckScheduler;
import org.simvm.libvirt.Domains;
import org.simvm.outlets.Outlets;
import org.simvm.state.DomainDirectories;
import org.simvm.workers.DomainWorkers;

/**
 * What all sessions share.
 *
 * @param bootLimit vCPU time that a guest may use before its kernel is seen; zero for any
 */
public record SessionContext(
        DomainDirectories directories,
        CheckScheduler scheduler,
        DomainWorkers workers,
        MappingBudget mappings,
        Domains libvirt,
        Outlets outlets,
        EventLogs eventLogs,
        Supplier<Duration> bootLimit) {}
