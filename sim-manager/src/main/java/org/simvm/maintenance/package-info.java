// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Times during which a domain's scheduled checks do not run:
 * {@link org.simvm.maintenance.MaintenanceWindows}.
 */
package org.simvm.maintenance;
