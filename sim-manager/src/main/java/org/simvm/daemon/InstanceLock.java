// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/**
 * Makes sure that one manager serves a run directory. The kernel drops the lock when the process
 * ends, however it ends.
 */
final class InstanceLock implements AutoCloseable {
    private final FileChannel channel;

    private InstanceLock(FileChannel channel) {
        this.channel = channel;
    }

    static InstanceLock take(Path runDirectory) throws IOException, StartException {
        Path file = runDirectory.resolve("sim-manager.lock");
        FileChannel channel =
                FileChannel.open(file, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            FileLock lock = channel.tryLock();
            if (lock != null) {
                return new InstanceLock(channel);
            }
        } catch (OverlappingFileLockException e) { // held by this very process: the same answer
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new StartException("another sim-manager runs already (it holds " + file + ")", null);
    }

    @Override
    public void close() throws IOException {
        channel.close();
    }
}
