// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The process on the host that runs the monitors outside of the guest: gate {@code exit}.
 *
 * <p>{@link org.simvm.exitgate.MonitorProcess} is one run of {@code sim-monitor-process}
 * (docs/interfaces.md, section 1): it is started with a domain's region and guest RAM, outlives the
 * manager, and is found again by the next one. What is done when it ends is decided above.
 */
package org.simvm.exitgate;
