// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.lang.reflect.RecordComponent;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The table of verbs")
class VerbsTests {
    private static final Path DOCUMENTATION = Path.of("../docs/interfaces.md");
    private static final String HEADER = "| verb | arguments | who | audited |";
    private static final Map<Access, String> WHO =
            Map.of(Access.READ, "all", Access.CHANGE, "control group", Access.ROOT, "root");
    private static final Set<Class<?>> REQUIRED = Set.of(String.class, long.class);

    private static String row(Verb<?, ?> verb) {
        String arguments = Arrays.stream(verb.request().getRecordComponents())
                .map(VerbsTests::argument)
                .collect(Collectors.joining(" "));
        return String.join(
                " | ",
                "| `" + verb.name() + "`",
                arguments.isEmpty() ? "none" : "`" + arguments + "`",
                WHO.get(verb.access()),
                verb.audited() ? "yes |" : "no |");
    }

    private static String argument(RecordComponent component) {
        return (REQUIRED.contains(component.getType()) ? "" : "*") + component.getName();
    }

    @Test
    @DisplayName("is the one in docs/interfaces.md")
    void isDocumented() throws Exception {
        List<String> documented = Files.readAllLines(DOCUMENTATION).stream()
                .dropWhile(line -> !line.equals(HEADER))
                .takeWhile(line -> line.startsWith("|"))
                .skip(2)
                .toList();
        assertEquals(Verbs.all().stream().map(VerbsTests::row).toList(), documented);
    }
}
