// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Reads a guest's RAM from outside, through a read-only mapping of the files that back it.
 *
 * <p>QEMU says which guest-physical range lies where in which file (a memfd, reached as
 * {@code /proc/<pid>/fd/<n>}); a {@link org.simvm.guest.memory.RamBlock} is one such statement, and
 * {@link org.simvm.guest.memory.MappedGuestMemory} maps them all. Everybody else sees only
 * {@link org.simvm.guest.memory.GuestMemory}: guest-physical address in, bytes out, and a checked
 * {@link org.simvm.guest.memory.GuestMemoryException} for every address that is not RAM.
 *
 * <p>Nothing here writes: guest memory is changed through QEMU alone, which must drop the code that
 * it translated from the old bytes. The bytes belong to a running, hostile guest: two reads of the
 * same address may differ, so a value is read once and checked after that.
 */
package org.simvm.guest.memory;
