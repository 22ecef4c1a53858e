// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.io.IOException;

/** QEMU's end of a QMP connection; what its commands do is the test's to say. */
public interface ScriptedQmp extends AutoCloseable {
    /** Answers a command, or throws {@link CommandError}. Returning null sends no answer at all. */
    @FunctionalInterface
    interface Commands {
        JsonNode execute(String command, JsonNode arguments);
    }

    /** Makes QEMU answer with an error. */
    final class CommandError extends RuntimeException {
        private static final long serialVersionUID = 1L;

        public CommandError(String message) {
            super(message);
        }
    }

    /** Sends an event. */
    void emit(String event, ObjectNode data);

    /** QEMU ends. */
    @Override
    void close() throws IOException;
}
