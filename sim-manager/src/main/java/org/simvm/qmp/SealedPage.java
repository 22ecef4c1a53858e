// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.util.List;

/**
 * Names a page of guest RAM and the bytes of it that the guest can no longer write; its writes to
 * the others are still carried out.
 *
 * @param gpa guest-physical address of the page, a multiple of 4096
 * @param protect the protected ranges, at least one
 */
public record SealedPage(long gpa, List<Range> protect) {
    public SealedPage {
        protect = List.copyOf(protect);
        if ((gpa & 4095) != 0 || protect.isEmpty()) {
            throw new IllegalArgumentException("a sealed page at " + Long.toHexString(gpa)
                    + " with " + protect.size() + " protected ranges");
        }
    }

    /**
     * Marks bytes in the page.
     *
     * @param offset of the first byte, 0 to 4095
     * @param length in bytes; the range ends within the page
     */
    public record Range(int offset, int length) {
        public Range {
            if (offset < 0 || length <= 0 || offset + length > 4096) {
                throw new IllegalArgumentException("protected bytes " + offset + " + " + length);
            }
        }
    }
}
