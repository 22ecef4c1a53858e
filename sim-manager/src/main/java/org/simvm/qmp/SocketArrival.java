// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardWatchEventKinds;
import java.nio.file.WatchKey;
import java.nio.file.WatchService;
import java.time.Duration;
import java.util.concurrent.TimeUnit;

/**
 * Waits until a Unix socket accepts: sleeps on the directory until the file is there, then tries
 * with a growing pause, for the time between the server's bind and its listen.
 */
final class SocketArrival {
    private static final long FIRST_PAUSE_MS = 2;
    private static final long LONGEST_PAUSE_MS = 250;

    private SocketArrival() {}

    static SocketChannel await(Path socket, Duration timeout)
            throws QmpException, InterruptedException {
        long deadline = System.nanoTime() + timeout.toNanos();
        awaitFile(socket, deadline, timeout);
        long pause = FIRST_PAUSE_MS;
        while (true) {
            try {
                return SocketChannel.open(UnixDomainSocketAddress.of(socket));
            } catch (IOException e) {
                long left = deadline - System.nanoTime();
                if (left <= 0) {
                    throw new QmpException(
                            "no QEMU listens on " + socket + " after " + timeout.toMillis()
                                    + " ms: " + e.getMessage(),
                            e);
                }
                TimeUnit.NANOSECONDS.sleep(Math.min(left, TimeUnit.MILLISECONDS.toNanos(pause)));
                pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
            }
        }
    }

    private static void awaitFile(Path socket, long deadline, Duration timeout)
            throws QmpException, InterruptedException {
        if (Files.exists(socket)) {
            return;
        }
        Path directory = socket.toAbsolutePath().getParent();
        try (WatchService watch = directory.getFileSystem().newWatchService()) {
            directory.register(watch, StandardWatchEventKinds.ENTRY_CREATE);
            while (!Files.exists(socket)) { // after registering: nothing falls between the two
                long left = deadline - System.nanoTime();
                WatchKey key = left > 0 ? watch.poll(left, TimeUnit.NANOSECONDS) : null;
                if (key == null) {
                    throw new QmpException("no QMP socket " + socket + " after "
                            + timeout.toMillis() + " ms: was QEMU started by the SIM launcher?");
                }
                key.pollEvents();
                if (!key.reset()) {
                    throw new QmpException(
                            "the directory " + directory + " was removed while waiting for QEMU");
                }
            }
        } catch (QmpException e) {
            throw e;
        } catch (IOException e) {
            throw new QmpException("cannot watch " + directory + " for the QMP socket: " + e, e);
        }
    }
}
