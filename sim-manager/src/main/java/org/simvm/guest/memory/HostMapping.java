// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.guest.memory;

import com.sun.jna.Native;
import com.sun.jna.Pointer;

import java.nio.MappedByteBuffer;

/**
 * Takes the pages of a mapping away without ever leaving a hole in the address space.
 *
 * <p>Java unmaps a {@link MappedByteBuffer} only when it is garbage, so guest RAM would stay
 * allocated long after the guest is gone; unmapping at once would crash a thread that still reads.
 * So the range is mapped over with anonymous zero pages (mmap(2), {@code MAP_FIXED}, which is
 * atomic): the file's pages are free at once, a late reader gets zeros and sees the closed mark,
 * and Java unmaps the empty range when it collects the buffer.
 */
final class HostMapping {
    private static final int PROT_READ = 1;
    private static final int MAP_PRIVATE = 0x02;
    private static final int MAP_FIXED = 0x10;
    private static final int MAP_ANONYMOUS = 0x20;
    private static final int MAP_NORESERVE = 0x4000;
    private static final int MADV_DONTNEED = 4;

    static {
        Native.register(HostMapping.class, "c");
    }

    private HostMapping() {}

    // Linux on 64-bit: size_t and off_t are long.
    private static native long mmap(
            Pointer address, long length, int protection, int flags, int file, long offset);

    private static native int madvise(Pointer address, long length, int advice);

    /** Loads the native calls now, so that the first {@code close} has nothing left to fail on. */
    static void prepare() {
        // The static initializer did it.
    }

    /** Replaces the pages of the buffer by zero pages; tells whether the kernel did it. */
    static boolean replaceByZeros(MappedByteBuffer buffer) {
        Pointer address = Native.getDirectBufferPointer(buffer);
        long result = mmap(
                address,
                buffer.capacity(),
                PROT_READ,
                MAP_PRIVATE | MAP_FIXED | MAP_ANONYMOUS | MAP_NORESERVE,
                -1,
                0);
        return result == Pointer.nativeValue(address);
    }

    /**
     * Drops the page-table entries of a shared file mapping; the next access brings a page back.
     */
    static void forgetPages(MappedByteBuffer buffer) {
        madvise(Native.getDirectBufferPointer(buffer), buffer.capacity(), MADV_DONTNEED);
    }
}
