// SPDX-License-Identifier: GPL-2.0-or-later

/**
 * The region: the few MiB of host memory that hold gates, monitor code, its page tables, stacks and
 * event ring.
 *
 * <p>The story, in the order in which it happens to a domain:
 *
 * <ol>
 *   <li>{@link org.simvm.region.GateTemplate#load} and {@link org.simvm.region.MonitorProgram#load}
 *       read the ELF files.
 *   <li>{@link org.simvm.region.RegionPlan} says what goes into the region and how large it is;
 *       {@link org.simvm.region.RegionFile#create} writes the file that QEMU maps, before the
 *       domain starts.
 *   <li>When the guest has booted as far as its kernel, what only the guest could tell is known:
 *       {@link org.simvm.region.RegionFile#finalizeImage} fills in slots, hook table, gates and SIM
 *       page tables from {@link org.simvm.region.BootValues}, and answers with the
 *       {@link org.simvm.region.BootImage} that the plan of guest writes needs.
 *   <li>{@link org.simvm.region.RingReader} reads what the monitors say.
 *   <li>A guest reset goes back to step 3 by way of {@link org.simvm.region.RegionFile#reset}:
 *       other random addresses, same file.
 * </ol>
 *
 * <p>Byte layouts are those of {@code native-qemu-patch/monitor/include/sim_abi.h};
 * {@link org.simvm.region.SimAbi} is their Java twin. This package knows nothing of guest kernels,
 * QMP or what an event means.
 */
package org.simvm.region;
