// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.paging;

/** Receives the mapped pages of a range of virtual memory in rising order. */
@FunctionalInterface
public interface PageVisitor {
    /**
     * Receives one page. The first and the last may reach beyond the range that was asked for.
     *
     * @return true to go on, false to end the visit
     */
    boolean visit(Translation page);
}
