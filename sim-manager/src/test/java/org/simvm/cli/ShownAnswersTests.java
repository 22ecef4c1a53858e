// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.simvm.protocol.SampleAnswers;

@DisplayName("virt-sim shows an answer of the manager")
@Timeout(120)
class ShownAnswersTests {
    @TempDir
    Path folder;

    private FakeManager manager;

    @BeforeEach
    void start() throws Exception {
        manager = new FakeManager(folder);
    }

    @AfterEach
    void stop() {
        manager.close();
    }

    private static List<String> arguments(SampleAnswers sample) {
        return switch (sample.verb().name()) {
            case "about" -> List.of("status");
            case "list" -> List.of("list", "--all");
            case "top" -> List.of("top", "--interval", "0.1");
            case "reload", "audit" -> List.of(sample.verb().name());
            case "suspend-checks" -> List.of("suspend-checks", "web", "--for", "60s");
            case "wait" -> List.of("status", "web", "--wait", "1");
            default -> List.of(sample.verb().name(), "web");
        };
    }

    private VirtSimRun run(List<String> arguments, String... more) {
        List<String> rest = new ArrayList<>(arguments.subList(1, arguments.size()));
        rest.addAll(List.of(more));
        return manager.run(arguments.get(0), rest.toArray(String[]::new));
    }

    @ParameterizedTest
    @MethodSource("org.simvm.protocol.SampleAnswers#all")
    @DisplayName("to people and to programs")
    void shown(SampleAnswers sample) throws Exception {
        if (sample.verb().name().equals("wait")) {
            manager.answers(sample);
            manager.answers(SampleAnswers.named("status"));
            assertEquals(0, run(arguments(sample)).status());
            return;
        }
        manager.answers(sample);
        VirtSimRun text = run(arguments(sample));
        assertEquals(
                sample.text(), text.out() + text.err() + "exit status " + text.status() + "\n");
        switch (sample.verb().name()) {
            case "events", "dumpxml", "top" -> {} // no JSON of their own, or with rates
            default ->
                assertEquals(
                        String.join("\n", sample.lines()) + "\n",
                        run(arguments(sample), "-o", "json").out());
        }
    }
}
