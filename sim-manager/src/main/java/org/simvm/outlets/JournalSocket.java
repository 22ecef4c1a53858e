// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Memory;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import com.sun.jna.Pointer;

import java.io.Closeable;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Sends entries to journald by its native protocol (systemd.io/JOURNAL_NATIVE_PROTOCOL): a datagram
 * to a Unix socket, or, if that is too long for one, a sealed memory file whose descriptor is the
 * datagram.
 *
 * <p>The JDK knows no datagrams on Unix sockets. libsystemd's {@code sd_journal_send} would do it,
 * but says that all is well when journald is away; here nothing may be lost unnoticed.
 */
final class JournalSocket implements Closeable {
    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 02000000;
    private static final int SOL_SOCKET = 1;
    private static final int SO_SNDTIMEO = 21;
    private static final int SCM_RIGHTS = 1;
    private static final int MSG_NOSIGNAL = 0x4000;
    private static final int EMSGSIZE = 90;
    private static final int ENOBUFS = 105;
    private static final int MFD_CLOEXEC_ALLOW_SEALING = 1 | 2;
    private static final int F_ADD_SEALS = 1033;
    private static final int ALL_SEALS = 1 | 2 | 4 | 8;
    private static final int TIMEOUT_SECONDS = 5;
    private static final int PATH_OFFSET = 2;
    private static final int PATH_MAX = 108;
    private static final int HEADER_BYTES = 56;
    private static final int CONTROL_BYTES = 24;
    private static final int CONTROL_LENGTH = 20;

    private final Memory address;
    private final int addressLength;
    private final int socket;

    /** What is needed of libc; each throws with errno set. */
    private interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        int socket(int domain, int type, int protocol) throws LastErrorException;

        int setsockopt(int socket, int level, int name, Pointer value, int length)
                throws LastErrorException;

        NativeLong sendto(
                int socket,
                byte[] bytes,
                NativeLong length,
                int flags,
                Pointer address,
                int addressLength)
                throws LastErrorException;

        NativeLong sendmsg(int socket, Pointer message, int flags) throws LastErrorException;

        int memfd_create(String name, int flags) throws LastErrorException;

        NativeLong write(int file, Pointer bytes, NativeLong length) throws LastErrorException;

        int fcntl(int file, int command, int argument) throws LastErrorException;

        int close(int file) throws LastErrorException;

        String strerror(int error);
    }

    JournalSocket(Path path) throws IOException {
        byte[] bytes = path.toString().getBytes(StandardCharsets.UTF_8);
        if (bytes.length >= PATH_MAX) {
            throw new IOException(path + " is too long for a socket");
        }
        address = new Memory(PATH_OFFSET + PATH_MAX);
        address.clear();
        address.setShort(0, (short) AF_UNIX);
        address.write(PATH_OFFSET, bytes, 0, bytes.length);
        addressLength = PATH_OFFSET + bytes.length + 1;
        try {
            socket = LibC.INSTANCE.socket(AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
            Memory timeout = new Memory(16);
            timeout.clear();
            timeout.setLong(0, TIMEOUT_SECONDS);
            LibC.INSTANCE.setsockopt(socket, SOL_SOCKET, SO_SNDTIMEO, timeout, 16);
        } catch (LastErrorException e) {
            throw failure(e);
        }
    }

    /**
     * Sends one entry.
     *
     * @throws IOException journald is away, or did not take it within {@value #TIMEOUT_SECONDS} s
     */
    void send(byte[] entry) throws IOException {
        try {
            LibC.INSTANCE.sendto(
                    socket,
                    entry,
                    new NativeLong(entry.length),
                    MSG_NOSIGNAL,
                    address,
                    addressLength);
        } catch (LastErrorException e) {
            if (e.getErrorCode() != EMSGSIZE && e.getErrorCode() != ENOBUFS) {
                throw failure(e);
            }
            sendAsFile(entry);
        }
    }

    private void sendAsFile(byte[] entry) throws IOException {
        int file = -1;
        try (Memory bytes = new Memory(entry.length)) {
            file = LibC.INSTANCE.memfd_create("sim-notice", MFD_CLOEXEC_ALLOW_SEALING);
            bytes.write(0, entry, 0, entry.length);
            long done = 0;
            while (done < entry.length) {
                done += LibC.INSTANCE
                        .write(file, bytes.share(done), new NativeLong(entry.length - done))
                        .longValue();
            }
            // journald reads a file only if nobody can change it any more.
            LibC.INSTANCE.fcntl(file, F_ADD_SEALS, ALL_SEALS);
            sendDescriptor(file);
        } catch (LastErrorException e) {
            throw failure(e);
        } finally {
            if (file >= 0) {
                LibC.INSTANCE.close(file);
            }
        }
    }

    /**
     * Builds {@code struct msghdr} with one {@code struct cmsghdr}; the layout is that of 64-bit
     * Linux.
     */
    private void sendDescriptor(int file) {
        try (Memory control = new Memory(CONTROL_BYTES);
                Memory header = new Memory(HEADER_BYTES)) {
            control.clear();
            control.setLong(0, CONTROL_LENGTH);
            control.setInt(8, SOL_SOCKET);
            control.setInt(12, SCM_RIGHTS);
            control.setInt(16, file);
            header.clear();
            header.setPointer(0, address);
            header.setInt(8, addressLength);
            header.setPointer(32, control);
            header.setLong(40, CONTROL_BYTES);
            LibC.INSTANCE.sendmsg(socket, header, MSG_NOSIGNAL);
        }
    }

    private static IOException failure(LastErrorException error) {
        return new IOException(LibC.INSTANCE.strerror(error.getErrorCode()), error);
    }

    @Override
    public void close() {
        LibC.INSTANCE.close(socket);
    }
}
