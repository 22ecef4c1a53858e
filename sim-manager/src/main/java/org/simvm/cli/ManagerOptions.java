// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.simvm.control.ControlClient;
import org.simvm.control.ControlException;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.ManagerSettingsReader;
import org.simvm.settings.SettingsException;
import picocli.CommandLine.Option;

/** How to reach the manager, and how to show what it says. */
final class ManagerOptions {
    /** How answers are shown. */
    enum Output {
        text,
        json
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "text|json",
            defaultValue = "text",
            description =
                    "Form of the output (default: ${DEFAULT-VALUE}); json is one object a line.")
    private Output output;

    @Option(
            names = "--socket",
            paramLabel = "PATH",
            description = "The manager's control socket (default: as configured).")
    private Path socket;

    @Option(
            names = {"-r", "--readonly"},
            description = "Use the read-only socket (default for those who may not use the other).")
    private boolean readOnly;

    boolean json() {
        return output == Output.json;
    }

    static ManagerSettings settings() throws ControlException {
        try {
            return ManagerSettingsReader.read(System.getenv(), Map.of());
        } catch (SettingsException e) {
            throw new ControlException(e.oneLine(), e);
        }
    }

    /**
     * A configuration with mistakes keeps nobody from asking a manager that runs where it runs by
     * default.
     */
    private static ManagerSettings settingsOrDefaults() throws ControlException {
        try {
            return settings();
        } catch (ControlException mistakes) {
            try {
                String run = System.getenv("SIM_RUN_DIR");
                ManagerSettings defaults = ManagerSettingsReader.read(
                        Map.of("SIM_CONFIG", "/dev/null"),
                        run == null ? Map.of() : Map.of("run.dir", run));
                if (Files.exists(defaults.controlSocket())) {
                    return defaults;
                }
            } catch (SettingsException e) {
                throw mistakes;
            }
            throw mistakes;
        }
    }

    ControlClient client() throws ControlException {
        if (socket != null) {
            return new ControlClient(socket);
        }
        ManagerSettings settings = settingsOrDefaults();
        boolean notForUs = Files.exists(settings.controlSocket())
                && !Files.isWritable(settings.controlSocket())
                && Files.exists(settings.readOnlySocket());
        return new ControlClient(
                readOnly || notForUs ? settings.readOnlySocket() : settings.controlSocket());
    }
}
