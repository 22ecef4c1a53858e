// SPDX-License-Identifier: GPL-2.0-or-later

/**
 * The host's users and groups, as its C library knows them: the JDK tells names, but neither
 * numbers nor memberships.
 */
package org.simvm.accounts;
