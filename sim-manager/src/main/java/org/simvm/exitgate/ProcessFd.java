// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.exitgate;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Structure;
import com.sun.jna.Structure.FieldOrder;

import java.io.IOException;

/**
 * A file descriptor that stands for a process (pidfd_open(2)): whoever holds it is told of that
 * process's end, also if it is no child, and never of another's that got its number.
 */
final class ProcessFd implements AutoCloseable {
    private static final long PIDFD_OPEN = 434;
    private static final long PIDFD_SEND_SIGNAL = 424;
    private static final short POLLIN = 1;
    private static final int EINTR = 4;
    private static final int ESRCH = 3;
    private static final int KILL = 9;

    private final int fd;

    private ProcessFd(int fd) {
        this.fd = fd;
    }

    /** Opens it; throws if there is no such process. */
    static ProcessFd open(long pid) throws IOException {
        try {
            return new ProcessFd((int) LibC.INSTANCE.syscall(
                    new NativeLong(PIDFD_OPEN),
                    new NativeLong(pid),
                    new NativeLong(0),
                    new NativeLong(0),
                    new NativeLong(0)));
        } catch (LastErrorException e) {
            throw new IOException(
                    e.getErrorCode() == ESRCH
                            ? "it is gone"
                            : "pidfd_open: error " + e.getErrorCode(),
                    e);
        }
    }

    /** Waits until the process has ended. */
    void awaitEnd() {
        poll(-1);
    }

    /** Tells whether the process has ended. */
    boolean ended() {
        return poll(0);
    }

    private boolean poll(int milliseconds) {
        PollFd poll = new PollFd();
        poll.fd = fd;
        poll.events = POLLIN;
        while (true) {
            try {
                return LibC.INSTANCE.poll(poll, new NativeLong(1), milliseconds) > 0;
            } catch (LastErrorException e) {
                if (e.getErrorCode() != EINTR) {
                    throw new IllegalStateException("poll: error " + e.getErrorCode(), e);
                }
            }
        }
    }

    /** Kills it; nothing happens if it has ended. */
    void kill() throws IOException {
        try {
            LibC.INSTANCE.syscall(
                    new NativeLong(PIDFD_SEND_SIGNAL),
                    new NativeLong(fd),
                    new NativeLong(KILL),
                    new NativeLong(0),
                    new NativeLong(0));
        } catch (LastErrorException e) {
            if (e.getErrorCode() != ESRCH) {
                throw new IOException("pidfd_send_signal: error " + e.getErrorCode(), e);
            }
        }
    }

    @Override
    public void close() {
        LibC.INSTANCE.close(fd);
    }

    /** What the JDK has no equivalent for: its own wait for a process that is no child polls. */
    private interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        long syscall(
                NativeLong number,
                NativeLong first,
                NativeLong second,
                NativeLong third,
                NativeLong fourth)
                throws LastErrorException;

        int poll(PollFd poll, NativeLong count, int milliseconds) throws LastErrorException;

        int close(int fd);
    }

    /** {@code struct pollfd}. */
    @FieldOrder({"fd", "events", "revents"})
    public static final class PollFd extends Structure {
        public int fd;
        public short events;
        public short revents;
    }
}
