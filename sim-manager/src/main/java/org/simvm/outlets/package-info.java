// SPDX-License-Identifier: GPL-2.0-or-later

/**
 * What leaves the manager: notices of violations, findings, changes of state and events, to the
 * journal, a syslog server and a receiver of JSON over HTTP.
 *
 * <p>A {@link org.simvm.outlets.Notice} is appended, as a line of JSON, to the
 * {@link org.simvm.outlets.Spool} of each outlet that wants its kind: a bounded queue on disk, so
 * that neither a receiver that is away nor a manager that is killed loses one. A
 * {@link org.simvm.outlets.DeliveryWorker}, a thread for each outlet, takes lines from there and
 * hands them to a {@link org.simvm.outlets.Transport} until that has taken them:
 * {@link org.simvm.outlets.JournalTransport}, {@link org.simvm.outlets.SyslogTransport},
 * {@link org.simvm.outlets.WebhookTransport}. What does not fit into a spool is counted, and the
 * count is sent like any notice.
 *
 * <p>Whoever gives a notice never waits for a receiver, only for a write to a local file.
 * {@link org.simvm.outlets.Outlets} holds it all, and can be given new settings while notices come
 * in.
 */
package org.simvm.outlets;
