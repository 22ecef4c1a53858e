// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * Carries one asynchronous event of QEMU.
 *
 * @param name the event's name, for instance {@code SIM_BOOT}
 * @param data its data object; empty, never null
 * @param receivedNanos {@link System#nanoTime()} when it was read from the socket
 */
record QmpEvent(String name, JsonNode data, long receivedNanos) {}
