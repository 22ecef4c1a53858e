// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import java.io.IOException;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** A control socket with a handler that records what it is asked. */
@Timeout(180)
abstract class ControlSocketFixture {
    @TempDir
    Path folder;

    Path socket;
    ControlServer server;
    final RecordingHandler recorder = new RecordingHandler();

    @BeforeEach
    final void start() throws IOException {
        socket = folder.resolve("sim-manager.sock");
        server = ControlServer.start(socket, "root", recorder);
    }

    @AfterEach
    final void stop() {
        server.close();
    }
}
