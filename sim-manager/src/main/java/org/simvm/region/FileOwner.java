// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

/**
 * Who a region file belongs to: the user that QEMU runs as.
 *
 * @param uid numeric user
 * @param gid numeric group
 */
public record FileOwner(int uid, int gid) {}
