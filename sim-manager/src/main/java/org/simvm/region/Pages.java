// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/** Arithmetic of 4 KiB pages. */
final class Pages {
    private Pages() {}

    static long roundUp(long bytes) {
        return Math.addExact(bytes, SimAbi.PAGE_SIZE - 1) / SimAbi.PAGE_SIZE * SimAbi.PAGE_SIZE;
    }
}
