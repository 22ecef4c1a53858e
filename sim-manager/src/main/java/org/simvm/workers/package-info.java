// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Whatever may block, any call to libvirt above all, is done by a worker of the domain that it is
 * for: {@link org.simvm.workers.DomainWorkers}. So a domain that is stuck holds up nobody else.
 */
package org.simvm.workers;
