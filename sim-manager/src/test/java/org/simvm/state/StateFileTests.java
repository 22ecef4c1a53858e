// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;
import org.simvm.state.StateFile.Safety;

@DisplayName("A file of state")
class StateFileTests {
    private record Numbered(int number) {}

    @TempDir
    Path folder;

    private List<String> names() throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @ParameterizedTest
    @EnumSource(Safety.class)
    @DisplayName("is replaced whole, is for its owner alone, and leaves nothing else")
    void replaced(Safety safety) throws IOException {
        Path file = folder.resolve("it.json");
        for (int i = 0; i < 3; i++) {
            StateFile.replace(file, 1, new Numbered(i), safety);
            assertEquals(Optional.of(new Numbered(i)), StateFile.read(file, 1, Numbered.class));
        }
        assertEquals("{\"format\":1,\"number\":2}\n", Files.readString(file));
        assertEquals(
                "rw-------", PosixFilePermissions.toString(Files.getPosixFilePermissions(file)));
        assertEquals(List.of("it.json"), names());
    }

    @Test
    @DisplayName("stays as it was, and nothing is left, when the new one can't take its place")
    void fails() throws IOException {
        Path occupied = Files.createDirectories(folder.resolve("it/inner"));
        assertThrows(
                IOException.class,
                () -> StateFile.replace(occupied.getParent(), ByteBuffer.allocate(1), Safety.HOST));
        assertEquals(List.of("it"), names());
    }

    @Test
    @DisplayName("that is not there is no failure")
    void none() throws IOException {
        assertEquals(
                Optional.empty(), StateFile.read(folder.resolve("none.json"), 1, Numbered.class));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "{\"format\":1,\"unti",
                "[1]",
                "\u0000\u0000\u0000\u0000",
                "\u00ff\u00fe{",
                "{\"format\":2}",
                "{}",
                "{\"format\":1,\"number\":\"x\"}"
            })
    @DisplayName("that is damaged, or of another format, is refused in one line that names it")
    void damaged(String contents) throws IOException {
        Path file = Files.write(
                folder.resolve("it.json"), contents.getBytes(StandardCharsets.ISO_8859_1));
        IOException error =
                assertThrows(IOException.class, () -> StateFile.read(file, 1, Numbered.class));
        assertTrue(
                error.getMessage().startsWith(file + ": ")
                        && error.getMessage().lines().count() == 1,
                error.getMessage());
    }
}
