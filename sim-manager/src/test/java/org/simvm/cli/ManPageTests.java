// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.settings.ManagerSettings;
import picocli.CommandLine;
import picocli.CommandLine.Model.OptionSpec;

@DisplayName("Manual pages")
class ManPageTests {
    @TempDir
    Path folder;

    @BeforeEach
    void generate() {
        assertEquals(0, VirtSim.execute("generate-man-pages", folder.toString()));
    }

    private String page(String name) throws Exception {
        return Files.readString(folder.resolve(name));
    }

    @Test
    @DisplayName("name every verb, and every option of it")
    void complete() throws Exception {
        CommandLine program = VirtSim.commandLine();
        String overview = page("man1/virt-sim.1");
        for (var each : program.getSubcommands().entrySet()) {
            if (each.getValue().getCommandSpec().usageMessage().hidden()) {
                continue;
            }
            assertTrue(
                    overview.contains(".B " + ManPage.escaped(each.getKey()) + "\n"),
                    each.getKey());
            String verb = page("man1/virt-sim-" + each.getKey() + ".1");
            for (OptionSpec option : each.getValue().getCommandSpec().options()) {
                assertTrue(
                        verb.contains(ManPage.escaped(option.longestName())),
                        each.getKey() + " " + option.longestName());
            }
        }
    }

    @Test
    @DisplayName("name every key of the configuration once, with its default")
    void configuration() throws Exception {
        String page = page("man5/sim-manager.conf.5");
        List<String> keys;
        try (var defaults = ManagerSettings.class.getResourceAsStream("sim-manager.conf")) {
            keys = new String(defaults.readAllBytes(), StandardCharsets.UTF_8)
                    .lines()
                    .filter(line -> line.matches("[a-z].*"))
                    .toList();
        }
        assertTrue(keys.size() > 20);
        for (String key : keys) {
            assertEquals(
                    2,
                    page.split(Pattern.quote(".B " + ManPage.escaped(key) + "\n"), -1).length,
                    key);
        }
    }

    @Test
    @DisplayName("use no request that man(7) does not know, and no line of text that could be "
            + "taken for one")
    void language() throws Exception {
        TreeSet<String> requests = new TreeSet<>();
        try (Stream<Path> pages = Files.walk(folder)) {
            for (Path page : pages.filter(Files::isRegularFile).toList()) {
                for (String line : Files.readAllLines(page)) {
                    if (line.startsWith(".") || line.startsWith("'")) {
                        requests.add(line.split(" ", 0)[0]);
                    }
                }
            }
        }
        requests.removeAll(List.of(
                ".\\\"", ".TH", ".SH", ".PP", ".TP", ".TQ", ".B", ".I", ".BR", ".nh", ".ad"));
        assertEquals(List.of(), List.copyOf(requests));
        assertEquals("\\&.x \\-\\-a \\en", ManPage.escaped(".x --a \\n"));
    }

    @Test
    @DisplayName("are read by groff without a warning")
    void groff() throws Exception {
        assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/groff")), "skipped: groff is not installed");
        List<String> command =
                new ArrayList<>(List.of("/usr/bin/groff", "-man", "-Tascii", "-ww", "-z"));
        try (Stream<Path> pages = Files.walk(folder)) {
            pages.filter(Files::isRegularFile).map(Path::toString).forEach(command::add);
        }
        Process groff = new ProcessBuilder(command).redirectErrorStream(true).start();
        String said = new String(groff.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertEquals("0 ", groff.waitFor() + " " + said);
    }
}
