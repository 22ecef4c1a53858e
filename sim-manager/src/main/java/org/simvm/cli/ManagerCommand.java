// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.PrintWriter;
import java.util.concurrent.Callable;
import java.util.function.Supplier;
import org.simvm.control.ControlClient;
import org.simvm.control.ControlException;
import org.simvm.protocol.Codec;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** A command that asks the manager. */
abstract class ManagerCommand implements Callable<Integer> {
    @Mixin
    private ManagerOptions manager;

    @Spec
    private CommandSpec spec;

    /** Asks, shows the answer, and returns the exit status. */
    @Override
    public abstract Integer call() throws Exception;

    final CommandSpec spec() {
        return spec;
    }

    final PrintWriter out() {
        return spec.commandLine().getOut();
    }

    /** Tells whether answers are shown as JSON, one a line, for programs. */
    final boolean json() {
        return manager.json();
    }

    final ControlClient client() throws ControlException {
        return manager.client();
    }

    /**
     * Prints an answer.
     *
     * @param text what people see of it: one line or several
     */
    final void show(Record answer, Supplier<String> text) {
        String shown = json() ? Codec.write(answer) : text.get();
        out().print(shown.endsWith("\n") ? shown : shown + "\n");
        out().flush();
    }
}
