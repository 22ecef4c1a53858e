// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/** A configuration file of a test's own, with what else can set a value. */
abstract class ManagerSettingsFixture {
    @TempDir
    Path directory;

    Path file;
    final Map<String, String> environment = new LinkedHashMap<>();
    final Map<String, String> commandLine = new LinkedHashMap<>();

    @BeforeEach
    void useOwnFile() throws IOException {
        file = directory.resolve("sim-manager.conf");
        Files.writeString(file, "");
        environment.put("SIM_CONFIG", file.toString());
    }

    ManagerSettings read() throws SettingsException {
        return ManagerSettingsReader.read(environment, commandLine);
    }

    List<String> problems() {
        SettingsException e = assertThrows(SettingsException.class, this::read);
        return e.problems().stream()
                .map(p -> p.toString().replace(directory.toString(), ""))
                .toList();
    }

    void dropIn(String name, String text) throws IOException {
        Files.createDirectories(directory.resolve("conf.d"));
        Files.writeString(directory.resolve("conf.d").resolve(name), text);
    }
}
