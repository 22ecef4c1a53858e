// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What this host's CPU and KVM can do, and so which gate a domain gets.
 *
 * <p>{@link org.simvm.host.KvmProbe} asks KVM for its capabilities, without making a VM;
 * {@link org.simvm.host.HostCpu} reads what Linux says of the CPU;
 * {@link org.simvm.host.GateChoice} decides from both and from what the domain wants;
 * {@link org.simvm.host.GateOffer} tells all that the host has, and what would make it faster. A
 * host without KVM is an ordinary answer, not an error: software emulation needs none.
 */
package org.simvm.host;
