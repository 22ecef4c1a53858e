// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import org.simvm.daemon.Manager;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.ManagerSettingsReader;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "daemon",
        mixinStandardHelpOptions = true,
        description = "Run the manager in the foreground (this is what sim-manager.service does) "
                + "until SIGTERM.")
final class DaemonCommand implements Callable<Integer> {
    @Option(
            names = {"-c", "--connect"},
            paramLabel = "URI",
            description = "Whose domains to serve (default: libvirt.uri as configured).")
    private String uri;

    @Option(
            names = {"-D", "--set"},
            paramLabel = "KEY=VALUE",
            description = "Override a key of sim-manager.conf (may be repeated).")
    private Map<String, String> overrides = new HashMap<>();

    @Spec
    private CommandSpec spec;

    @Override
    public Integer call() throws Exception {
        Map<String, String> commandLine = new HashMap<>(overrides);
        if (uri != null) {
            commandLine.put("libvirt.uri", uri);
        }
        ManagerSettings settings;
        try {
            settings = ManagerSettingsReader.read(System.getenv(), commandLine);
        } catch (SettingsException e) {
            for (Problem problem : e.problems()) {
                spec.commandLine().getErr().println("sim-manager: " + problem);
            }
            return 1;
        }
        // Before the first logger is made: logback.xml reads it.
        System.setProperty("sim.log.level", settings.logLevel().name().toLowerCase(Locale.ROOT));
        CountDownLatch ended = new CountDownLatch(1);
        Manager manager = Manager.start(
                settings, () -> ManagerSettingsReader.read(System.getenv(), commandLine));
        HangupSignal.handle(() -> {
            try {
                manager.reload();
            } catch (SettingsException e) {
                // The manager has logged all of it.
            }
        });
        Runtime.getRuntime()
                .addShutdownHook(new Thread(
                        () -> {
                            manager.close();
                            ended.countDown();
                        },
                        "shutdown"));
        ended.await();
        return 0;
    }
}
