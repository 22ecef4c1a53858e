// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * Reads the host's configuration out of its layers, and tells everything that is wrong with it.
 *
 * <p>The layers, the first that has a key wins: command line; environment ({@code SIM_} and the key
 * in capitals, {@code _} for dots); {@code conf.d/*.conf} beside the main file, the last in the
 * alphabet first; the main file; the defaults (the file {@code sim-manager.conf} in this package,
 * which describes every key).
 *
 * <p>To reload, read again and exchange the record: a mistake then leaves the old one in force.
 */
public final class ManagerSettingsReader {

    /** Main file, unless the environment variable {@code SIM_CONFIG} names another. */
    public static final Path DEFAULT_FILE = Path.of("/etc/sim-manager/sim-manager.conf");

    private static final String FILE_VARIABLE = "SIM_CONFIG";

    private ManagerSettingsReader() {}

    /** Returns the built-in defaults. */
    public static ManagerSettings defaults() {
        try {
            return ManagerSettingsConversion.convert(new ConfigurationLayers());
        } catch (SettingsException e) {
            throw new IllegalStateException("the defaults in the jar are wrong", e);
        }
    }

    /**
     * Reads all layers.
     *
     * @param environment usually {@link System#getenv()}
     * @param commandLine values by key
     * @throws SettingsException everything that is wrong, by file and key
     */
    public static ManagerSettings read(
            Map<String, String> environment, Map<String, String> commandLine)
            throws SettingsException {
        ConfigurationLayers layers = new ConfigurationLayers();
        layers.add("command line", commandLine);
        layers.addEnvironment(environment);
        boolean named = environment.containsKey(FILE_VARIABLE);
        Path main = named ? Path.of(environment.get(FILE_VARIABLE)).toAbsolutePath() : DEFAULT_FILE;
        List<Path> dropIns = dropIns(main, layers);
        for (int i = dropIns.size() - 1; i >= 0; i--) {
            layers.add(dropIns.get(i));
        }
        if (Files.exists(main)) {
            layers.add(main);
        } else if (named) {
            layers.problem(main.toString(), "there is no such file", "correct " + FILE_VARIABLE);
        }
        return ManagerSettingsConversion.convert(layers);
    }

    private static List<Path> dropIns(Path main, ConfigurationLayers layers) {
        Path directory = main.resolveSibling("conf.d");
        if (!Files.isDirectory(directory)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(directory)) {
            return new ArrayList<>(
                    files.filter(f -> f.toString().endsWith(".conf")).sorted().toList());
        } catch (IOException e) {
            layers.problem(
                    directory.toString(),
                    "cannot be read: " + e,
                    "make it readable for the manager");
            return List.of();
        }
    }
}
