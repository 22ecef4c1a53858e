// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Walks a guest's page tables, 4 and 5 levels deep, as the CPU does (Intel SDM volume 3A, sections
 * 4.5 and 4.6).
 *
 * <p>{@link org.simvm.guest.paging.PageTables} turns guest-virtual addresses into guest-physical
 * ones, visits what a range maps, and finds the place of a single entry even where nothing is
 * mapped yet (arming puts one there). {@link org.simvm.guest.paging.VirtualMemory} reads bytes
 * through such tables.
 *
 * <p>The tables are the guest's and may be hostile: they may point to themselves, to what is not
 * RAM, or change during a walk. A walk reads at most one entry on each level, and a visit says
 * beforehand how many tables it reads at most. Nothing is remembered between two calls.
 */
package org.simvm.guest.paging;
