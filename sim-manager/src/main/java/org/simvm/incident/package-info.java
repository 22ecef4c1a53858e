// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What becomes of a violation or a finding once the domain's policy has decided.
 *
 * <p>{@link org.simvm.incident.IncidentActions} carries the decision out,
 * {@link org.simvm.incident.IncidentLog} keeps the incident and passes alerts on to clients, and
 * {@link org.simvm.incident.Notices} puts incidents, and all else that the outlets carry, into
 * notices.
 */
package org.simvm.incident;
