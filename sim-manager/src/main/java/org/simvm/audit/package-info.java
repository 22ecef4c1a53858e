// SPDX-License-Identifier: GPL-2.0-or-later
/** The audit trail, {@link org.simvm.audit.AuditLog}: who changed what, and what came of it. */
package org.simvm.audit;
