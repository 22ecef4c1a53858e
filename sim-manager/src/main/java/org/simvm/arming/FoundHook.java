// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import org.simvm.region.HookDeclaration;

/**
 * A hook whose place in this kernel is known, before anything is written.
 *
 * @param monitor index in the region's plan
 * @param declaration the monitor's own
 * @param symbol function and offset
 * @param function guest virtual address of the function that is hooked, or whose call is redirected
 * @param address guest virtual address of the first of the five bytes
 * @param gpa guest-physical address of it
 */
record FoundHook(
        int monitor,
        HookDeclaration declaration,
        String symbol,
        long function,
        long address,
        long gpa) {
    long returnAddress() {
        return address + HookSite.LENGTH;
    }
}
