// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import com.sun.jna.LastErrorException;
import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.NativeLong;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.simvm.host.KvmReport.Presence;

/**
 * KVM's device, asked by {@code KVM_CHECK_EXTENSION} (Documentation/virt/kvm/api.rst, 4.4). No VM
 * is made.
 *
 * <p>The answer is kept until the device changes: a module that is loaded anew makes a new one.
 */
public final class KvmDevice implements KvmProbe {
    private static final Path DEFAULT = Path.of("/dev/kvm");

    private static final int OPEN_FLAGS = 02 | 02000000; // O_RDWR | O_CLOEXEC
    private static final int ENOENT = 2;
    private static final int EACCES = 13;
    private static final int EPERM = 1;
    private static final long GET_API_VERSION = 0xae00;
    private static final long CHECK_EXTENSION = 0xae03;
    private static final int API_VERSION = 12;
    /** KVM_CAP_X86_SIM of the series in {@code native-qemu-patch/linux}. */
    private static final int CAP_SIM = 0x5349;

    private static final int SIM_VMFUNC = 1;
    private static final int SIM_HYPERCALL = 2;
    /**
     * What QEMU's gate {@code exit} is built on: the stops while a guest is armed, and sealed
     * pages.
     */
    private static final Map<String, Integer> FOR_EXIT = new TreeMap<>(Map.of(
            "KVM_CAP_X86_USER_SPACE_MSR",
            188,
            "KVM_CAP_X86_MSR_FILTER",
            189,
            "KVM_CAP_SET_GUEST_DEBUG",
            23,
            "KVM_CAP_READONLY_MEM",
            81));

    private final Path device;
    private Map<String, Object> asked = Map.of();
    private KvmReport report;

    KvmDevice(Path device) {
        this.device = device;
    }

    /** Returns this host's KVM. Nothing is opened yet. */
    public static KvmDevice ofHost() {
        return new KvmDevice(DEFAULT);
    }

    @Override
    public synchronized KvmReport ask() {
        Map<String, Object> now = stamp();
        if (report == null || !now.equals(asked)) {
            report = question();
            asked = now;
        }
        return report;
    }

    private Map<String, Object> stamp() {
        try {
            return Files.readAttributes(device, "unix:ino,rdev,ctime,mode,uid,gid");
        } catch (IOException e) {
            return Map.of();
        }
    }

    private KvmReport question() {
        int fd;
        try {
            fd = LibC.INSTANCE.open(device.toString(), OPEN_FLAGS);
        } catch (LastErrorException e) {
            return switch (e.getErrorCode()) {
                case ENOENT -> KvmReport.unusable(Presence.MISSING, "there is no " + device);
                case EACCES, EPERM ->
                    KvmReport.unusable(Presence.FORBIDDEN, "this user may not open " + device);
                default ->
                    KvmReport.unusable(
                            Presence.BROKEN, device + " can't be opened (" + words(e) + ")");
            };
        }
        try {
            int version =
                    LibC.INSTANCE.ioctl(fd, new NativeLong(GET_API_VERSION), new NativeLong(0));
            if (version != API_VERSION) {
                return KvmReport.unusable(
                        Presence.BROKEN,
                        device + " speaks version " + version + " of KVM's interface, not "
                                + API_VERSION);
            }
            int sim = extension(fd, CAP_SIM);
            List<String> missing = new ArrayList<>();
            FOR_EXIT.forEach((name, number) -> {
                if (extension(fd, number) == 0) {
                    missing.add(name);
                }
            });
            return new KvmReport(
                    Presence.USABLE,
                    "",
                    (sim & SIM_VMFUNC) != 0,
                    (sim & SIM_HYPERCALL) != 0,
                    missing);
        } catch (LastErrorException e) {
            return KvmReport.unusable(
                    Presence.BROKEN, device + " does not answer as KVM does (" + words(e) + ")");
        } finally {
            LibC.INSTANCE.close(fd);
        }
    }

    private static int extension(int fd, int number) {
        return LibC.INSTANCE.ioctl(fd, new NativeLong(CHECK_EXTENSION), new NativeLong(number));
    }

    private static String words(LastErrorException error) {
        return LibC.INSTANCE.strerror(error.getErrorCode());
    }

    /** What the JDK has no equivalent for. */
    private interface LibC extends Library {
        LibC INSTANCE = Native.load("c", LibC.class);

        int open(String path, int flags) throws LastErrorException;

        int ioctl(int fd, NativeLong request, NativeLong argument) throws LastErrorException;

        int close(int fd);

        String strerror(int number);
    }
}
