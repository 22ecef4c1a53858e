// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.PrintWriter;
import org.simvm.control.ControlException;

/** Prints violations and findings, one a line. */
final class IncidentPrinter {
    private IncidentPrinter() {}

    static void print(PrintWriter out, ManagerOptions manager, ObjectNode request)
            throws ControlException {
        for (ObjectNode incident : manager.client().ask(request)) {
            out.println(
                    manager.json()
                            ? incident.toString()
                            : Terminal.oneLine(incident.path("time").asText() + "  "
                                    + incident.path("text").asText() + "  ["
                                    + incident.path("action").asText() + "]"));
        }
        out.flush();
    }
}
