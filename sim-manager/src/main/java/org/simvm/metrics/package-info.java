// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Figures for Prometheus, over HTTP.
 *
 * <p>{@link org.simvm.metrics.MetricsServer} answers a scrape out of
 * {@link org.simvm.metrics.ManagerFigures}, a snapshot of what the manager has in memory. A scrape
 * asks neither libvirt nor QEMU anything, so that a domain that hangs hides no other.
 * {@link org.simvm.metrics.CheckTally} counts the rounds of one domain's checks for it.
 */
package org.simvm.metrics;
