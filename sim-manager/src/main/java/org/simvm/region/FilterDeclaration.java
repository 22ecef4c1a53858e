// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Which calls of a redirected hook its handler wants, by a number: {@code struct
 * sim_filter_declaration} of {@code sim_monitor.h}.
 *
 * @param hook id of a hook of kind {@code CALL}
 * @param set address of the parameter that is the set, as linked
 * @param enabled address of a parameter that is a boolean, as linked; 0: the filter is always on
 * @param slot 0: the number is the call's second argument; else address of the slot with its offset
 *     in what the first one points to, as linked
 * @param first bit of number 0 in the set
 * @param count numbers that the set decides on, 1..{@value SimAbi.Declaration#FILTER_NUMBERS}; the
 *     handler gets all others
 * @param ignored bits of the number that are cleared first
 */
public record FilterDeclaration(
        int hook, long set, long enabled, long slot, int first, int count, int ignored) {}
