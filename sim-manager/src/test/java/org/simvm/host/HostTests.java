// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.host;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.host.KvmReport.Presence;

/** What the host says of its CPU and its KVM. The machine's own /dev/kvm is never touched. */
class HostTests {
    @Nested
    class Cpu {
        private static final String INTEL =
                "processor\t: 0\nvendor_id\t: GenuineIntel\nflags\t\t: fpu vme vmx ept vpid\n"
                        + "vmx flags\t: vnmi preemption_timer invvpid ept_x_only ept_ad "
                        + "eptp_switching ept vpid\n";

        @Test
        void ofIntelTellsEptAndEptpSwitching() {
            assertEquals(new HostCpu(true, false, true, true, false), HostCpu.of(INTEL));
            assertEquals(
                    new HostCpu(true, false, true, false, false),
                    HostCpu.of(INTEL.replace("eptp_switching ", "")));
        }

        @Test
        void ofAmdTellsAmdV() {
            assertEquals(
                    new HostCpu(false, true, false, false, false),
                    HostCpu.of("vendor_id\t: AuthenticAMD\nflags\t\t: fpu svm\n"));
        }

        @Test
        void ofAVirtualMachineTellsThatItIsOne() {
            assertEquals(
                    new HostCpu(false, false, false, false, true),
                    HostCpu.of("flags : fpu hypervisor\n"));
        }

        @Test
        void isNotTakenFromWordsThatOnlyBeginLikeAFlag() {
            assertFalse(
                    HostCpu.of("flags\t: vmxoff svme\nmodel name\t: vmx svm\n").vtx());
            assertEquals(new HostCpu(false, false, false, false, false), HostCpu.of(""));
        }
    }

    @Nested
    class Kvm {
        @TempDir
        Path folder;

        @Test
        void thatIsNotThereIsMissing() {
            KvmReport report = new KvmDevice(folder.resolve("kvm")).ask();
            assertEquals(Presence.MISSING, report.presence());
            assertEquals("there is no " + folder.resolve("kvm"), report.reason());
            assertFalse(report.usable() || report.patched());
        }

        @Test
        void thatDoesNotAnswerAsKvmIsBroken() {
            KvmReport report = new KvmDevice(Path.of("/dev/null")).ask();
            assertEquals(Presence.BROKEN, report.presence());
            assertTrue(
                    report.reason().startsWith("/dev/null does not answer as KVM does ("),
                    report.reason());
        }

        @Test
        void thatMayNotBeOpenedIsForbiddenOrRootMayAll() throws Exception {
            Path closed = Files.createFile(
                    folder.resolve("kvm"),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("---------")));
            Presence presence = new KvmDevice(closed).ask().presence();
            assertEquals(Files.isReadable(closed) ? Presence.BROKEN : Presence.FORBIDDEN, presence);
        }

        @Test
        void isAskedAgainOnlyWhenItsDeviceIsAnother() throws Exception {
            KvmDevice kvm = new KvmDevice(folder.resolve("kvm"));
            KvmReport first = kvm.ask();
            assertSame(first, kvm.ask());
            Files.createFile(folder.resolve("kvm"));
            KvmReport second = kvm.ask();
            assertEquals(Presence.BROKEN, second.presence());
            assertSame(second, kvm.ask());
            Files.delete(folder.resolve("kvm"));
            assertEquals(Presence.MISSING, kvm.ask().presence());
        }
    }
}
