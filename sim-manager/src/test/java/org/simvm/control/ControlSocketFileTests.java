// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.simvm.control.Peers.counted;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;

@DisplayName("The file of the control socket")
class ControlSocketFileTests extends ControlSocketFixture {
    @Test
    @DisplayName("is for user and group alone")
    void mode() throws IOException {
        assertEquals(
                "rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
    }

    @Test
    @DisplayName("is for the user alone if the group does not exist")
    void noGroup() throws IOException {
        Path other = folder.resolve("other.sock");
        try (ControlServer started = ControlServer.start(other, "no-such-group-here", recorder)) {
            assertEquals(
                    "rw-------",
                    PosixFilePermissions.toString(Files.getPosixFilePermissions(other)));
        }
    }

    @Test
    @DisplayName("replaces one that a dead manager left, and goes away at the end")
    void stale() throws IOException, ControlException {
        Path other = folder.resolve("stale.sock");
        Files.writeString(other, "");
        try (ControlServer started = ControlServer.start(other, "root", recorder)) {
            assertEquals(1, counted(other, 1));
        }
        assertFalse(Files.exists(other));
        assertEquals(List.of("sim-manager.sock"), names());
    }

    private List<String> names() throws IOException {
        try (var files = Files.list(folder)) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    @Test
    @DisplayName("is made again when somebody removes its file")
    void removed() throws Exception {
        Files.delete(socket);
        await("the socket is there again")
                .atMost(Duration.ofMinutes(1))
                .until(() -> Files.exists(socket));
        assertEquals(
                "rw-rw----", PosixFilePermissions.toString(Files.getPosixFilePermissions(socket)));
        assertEquals(1, counted(socket, 1));
        assertEquals(Optional.empty(), server.healthProblem());
    }
}
