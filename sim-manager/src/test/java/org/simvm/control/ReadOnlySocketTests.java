// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.simvm.control.Peers.counted;
import static org.simvm.control.Peers.refused;
import static org.simvm.control.Peers.talk;

import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.protocol.Access;

@DisplayName("The control socket for those who only look")
class ReadOnlySocketTests extends ControlSocketFixture {
    private ControlServer readOnly;
    private Path other;

    @BeforeEach
    void startReadOnly() throws IOException {
        other = folder.resolve("sim-manager-ro.sock");
        readOnly = ControlServer.startReadOnly(other, recorder);
    }

    @AfterEach
    void stopReadOnly() {
        readOnly.close();
    }

    @Test
    @DisplayName("is there for everybody, and answers")
    void looks() throws Exception {
        assertEquals(
                "rw-rw-rw-", PosixFilePermissions.toString(Files.getPosixFilePermissions(other)));
        assertEquals(1, counted(other, 1));
        assertEquals(new Peer(System.getProperty("user.name"), Access.READ, true), recorder.peer);
    }

    @Test
    @DisplayName("refuses whatever needs more in one line with the next step, root's questions too")
    void refuses() {
        ControlException error = refused(other, RecordingHandler.ROOT);
        assertEquals(
                "'root' is refused on the read-only socket; use the full one: sudo, or "
                        + "join the control group"
                        + " (control.group in sim-manager.conf)",
                error.getMessage());
    }

    @Test
    @DisplayName("refuses to speak with a hook")
    void hook() throws IOException {
        assertTrue(talk(other, "hook prepare begin 3 1\nwebx").startsWith("refuse only libvirt"));
        assertEquals(List.of(), recorder.calls);
    }

    @Test
    @DisplayName("leaves the other socket free, however many connect to it and say nothing")
    void flood() throws Exception {
        List<SocketChannel> silent = new ArrayList<>();
        try {
            for (int i = 0; i < ControlServer.MAX_READ_ONLY_CONNECTIONS + 10; i++) {
                SocketChannel channel = SocketChannel.open(StandardProtocolFamily.UNIX);
                silent.add(channel);
                channel.connect(UnixDomainSocketAddress.of(other));
            }
            assertEquals(1, counted(socket, 1));
        } finally {
            for (SocketChannel channel : silent) {
                channel.close();
            }
        }
    }
}
