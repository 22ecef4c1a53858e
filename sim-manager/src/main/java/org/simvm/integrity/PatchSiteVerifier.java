// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Arrays;
import java.util.Map;
import org.simvm.guest.kernel.FtraceTargets;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Kprobes;
import org.simvm.guest.kernel.PatchSite;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;

/**
 * Judges what stands where a kernel patches itself: only what that kind of patching writes is
 * legal, and it may lead only to where it may lead. A trap in the middle of a function is legal if
 * the kernel's table of kprobes has it, and then it is told.
 *
 * <p>Made for one round; what it needs of the guest's tables it reads when it first needs it.
 */
final class PatchSiteVerifier {
    private static final byte[] NOP5 = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    private static final byte[] NOP2 = {0x66, (byte) 0x90};
    /**
     * What a static call to a function that returns 0 becomes: {@code data16 data16 xorq
     * %rax,%rax}.
     */
    private static final byte[] RETURN_0 = {0x66, 0x66, 0x48, 0x31, (byte) 0xc0};

    private static final byte[] RETURN = {
        (byte) 0xc3, (byte) 0xcc, (byte) 0xcc, (byte) 0xcc, (byte) 0xcc
    };
    /** {@code ud1 (%edx),%rdi}, where a static call without function warns. */
    private static final byte[] WARN = {0x67, 0x48, 0x0f, (byte) 0xb9, 0x3a};

    private static final int INT3 = 0xcc;
    private static final int CALL = 0xe8;
    private static final int JUMP = 0xe9;
    private static final int JUMP_SHORT = 0xeb;

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final LoadedCode code;
    private FtraceTargets ftrace;
    private Map<Long, Kprobes.Probe> probes;

    PatchSiteVerifier(Kernel kernel, VirtualMemory memory, LoadedCode code) {
        this.kernel = kernel;
        this.memory = memory;
        this.code = code;
    }

    LoadedCode code() {
        return code;
    }

    FtraceTargets ftrace() throws GuestMemoryException {
        if (ftrace == null) {
            ftrace = FtraceTargets.read(kernel, memory);
        }
        return ftrace;
    }

    Map<Long, Kprobes.Probe> probes() throws GuestMemoryException {
        if (probes == null) {
            probes = Kprobes.read(kernel, memory);
        }
        return probes;
    }

    /**
     * Returns how many bytes from an address on are a kprobe of the kernel's, 0 if there is none.
     *
     * @param now what stands there; it may be shorter than a jump
     */
    int probe(long address, byte[] now) throws GuestMemoryException {
        Kprobes.Probe probe = probes().get(address);
        if (probe == null || now.length == 0) {
            return 0;
        }
        if ((now[0] & 0xff) == INT3) {
            return 1;
        }
        boolean jumps = now.length >= NOP5.length
                && (now[0] & 0xff) == JUMP
                && probe.jumpTarget() != 0
                && relative(address, now, 1) == probe.jumpTarget();
        return jumps ? NOP5.length : 0;
    }

    /** Tells whether the kernel's own patching writes such bytes at a place. */
    boolean legal(PatchSite site, byte[] now) throws GuestMemoryException {
        return switch (site.kind()) {
            case FTRACE ->
                is(now, NOP5)
                        || (opcode(now) == CALL
                                && ftrace().allows(relative(site.address(), now, 1)))
                        || probe(site.address(), now) > 0;
            case JUMP_LABEL ->
                site.length() == 2
                        ? is(now, NOP2)
                                || (opcode(now) == JUMP_SHORT
                                        && site.address() + 2 + now[1] == site.target())
                        : is(now, NOP5)
                                || (opcode(now) == JUMP
                                        && relative(site.address(), now, 1) == site.target());
            case STATIC_CALL ->
                site.length() == 6
                        ? (now[0] & 0xff) == 0x0f
                                && (now[1] & 0xf0) == 0x80
                                && code.contains(relative(site.address(), now, 2))
                        : branch(site, now)
                                || is(now, NOP5)
                                || is(now, RETURN_0)
                                || is(now, RETURN)
                                || is(now, WARN);
            case STATIC_CALL_TRAMPOLINE -> branch(site, now) || is(now, RETURN) || is(now, WARN);
            case FTRACE_CALLER -> branch(site, now) || is(now, NOP5);
            case LOCK_PREFIX -> (now[0] & 0xff) == 0xf0 || now[0] == 0x3e;
        };
    }

    private boolean branch(PatchSite site, byte[] now) {
        return (opcode(now) == CALL || opcode(now) == JUMP)
                && code.contains(relative(site.address(), now, 1));
    }

    private static int opcode(byte[] now) {
        return now[0] & 0xff;
    }

    private static boolean is(byte[] now, byte[] pattern) {
        return Arrays.equals(now, pattern);
    }

    /** Returns where a branch leads whose 32-bit displacement is its last part. */
    private static long relative(long address, byte[] now, int at) {
        return address
                + at
                + Integer.BYTES
                + ByteBuffer.wrap(now).order(ByteOrder.LITTLE_ENDIAN).getInt(at);
    }
}
