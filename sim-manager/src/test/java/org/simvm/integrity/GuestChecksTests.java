// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simvm.arming.HookSite;
import org.simvm.arming.SyntheticGuest;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.region.RegionSegment;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The checks of an armed guest")
@Timeout(60)
class GuestChecksTests extends CheckedGuestFixture {
    @Test
    void findNothingInAHealthyGuestAndSayHowMuchTheyCompared() {
        CheckReport report = checks.check(EnumSet.allOf(IntegrityCheck.class));
        assertEquals(List.of(), report.findings());
        assertEquals(
                EnumSet.complementOf(EnumSet.of(IntegrityCheck.TASKS)),
                checks.available(),
                "all but what needs a record of processes");
        assertEquals(checks.available().size(), report.results().size());
        assertTrue(report.bytes() > SyntheticGuest.TEXT_SIZE);
        assertTrue(report.gigabytesPerSecond() > 0);
    }

    @Test
    void runOnlyWhatWasAskedFor() {
        guest.writeVirtual(armed.hooks().get(0).address(), SyntheticGuest.NOP5);
        assertEquals(List.of(), findings(IntegrityCheck.GATES));
        assertEquals(List.of(), findings(IntegrityCheck.GATE_MAPPING));
    }

    @Nested
    @DisplayName("of the hooks")
    class Hooks {
        @Test
        void findAHookThatWasTakenOut() {
            HookSite hook = armed.hooks().get(1);
            guest.writeVirtual(hook.address(), hook.original());
            Finding finding = onlyFinding(IntegrityCheck.HOOKS);
            assertEquals("begin_new_exec", finding.subject());
            assertEquals(hook.address(), finding.va().getAsLong());
            assertEquals(hook.gpa(), finding.gpa().getAsLong());
            assertEquals("hook " + HexFormat.of().formatHex(hook.call()), finding.expected());
            assertTrue(finding.found().endsWith("what was there before the hook"), finding.found());
            assertFalse(finding.guestControlled());
        }

        @Test
        void findAPagePutInPlaceOfThePatchedOne() {
            byte[] text = guest.read(SyntheticGuest.TEXT_GPA, 0x200000);
            guest.write(0x800000, text); // an exact copy, so that bytes alone would tell nothing
            guest.write(0x12000 + 8 * 8, long64(0x800000 | 0xe1));
            List<Finding> findings = findings(IntegrityCheck.HOOKS);
            assertEquals(3, findings.size());
            long moved = armed.hooks().get(0).gpa() - SyntheticGuest.TEXT_GPA + 0x800000;
            assertEquals(
                    String.format("executable at gpa 0x%x", moved),
                    findings.get(0).found());
        }
    }

    @Nested
    @DisplayName("of the region")
    class Region {
        private void tamper(RegionSegment.Role role) throws IOException {
            RegionSegment segment = armed.image().layout().segments().stream()
                    .filter(each -> each.role() == role)
                    .findFirst()
                    .orElseThrow();
            try (FileChannel file =
                    FileChannel.open(directory.resolve("region"), StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.wrap(new byte[] {0x42}), segment.offset() + 100);
            }
        }

        @Test
        void findChangedMonitorCode() throws IOException {
            tamper(RegionSegment.Role.PROGRAM);
            assertTrue(onlyFinding(IntegrityCheck.MONITOR_CODE)
                    .subject()
                    .startsWith("region segment core"));
        }

        @Test
        void findAChangedConfiguration() throws IOException {
            tamper(RegionSegment.Role.CONFIGURATION);
            assertEquals(
                    "region segment configuration",
                    onlyFinding(IntegrityCheck.MONITOR_CODE).subject());
        }

        @Test
        void findAChangedGateInEitherView() throws IOException {
            tamper(RegionSegment.Role.GATE_ENTRY_SIM);
            tamper(RegionSegment.Role.GATE_INNER);
            assertEquals(2, findings(IntegrityCheck.GATES).size());
            assertEquals(List.of(), findings(IntegrityCheck.MONITOR_CODE));
        }

        @Test
        void findCallsOfTheGateThatComeFromNoHookOnceForEachRoundThatHasThem() throws IOException {
            assertEquals(List.of(), findings(IntegrityCheck.GATES));
            unknownCalls(7);
            Finding finding = onlyFinding(IntegrityCheck.GATES);
            assertEquals(FindingCode.CALLS_FORGED, finding.code());
            assertTrue(finding.found().startsWith("7 of no hook in "), finding.found());
            assertEquals(List.of(), findings(IntegrityCheck.GATES));
            unknownCalls(8);
            assertTrue(onlyFinding(IntegrityCheck.GATES).found().startsWith("1 of no hook in "));
        }

        private void unknownCalls(long count) throws IOException {
            RegionSegment ring = armed.image().layout().segments().stream()
                    .filter(each -> each.role() == RegionSegment.Role.RING)
                    .findFirst()
                    .orElseThrow();
            try (FileChannel file =
                    FileChannel.open(directory.resolve("region"), StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.wrap(long64(count)), ring.offset() + UNKNOWN_CALLS);
            }
        }

        @Test
        void letTheMonitorWriteItsOwnData() throws IOException {
            RegionSegment data = armed.image().layout().segments().stream()
                    .filter(segment -> segment.role() == RegionSegment.Role.PROGRAM
                            && segment.access().write())
                    .findFirst()
                    .orElseThrow();
            try (FileChannel file =
                    FileChannel.open(directory.resolve("region"), StandardOpenOption.WRITE)) {
                file.write(ByteBuffer.wrap(new byte[] {0x42}), data.offset());
            }
            assertEquals(List.of(), findings(IntegrityCheck.MONITOR_CODE));
        }
    }

    @Nested
    @DisplayName("of the kernel's text")
    class Text {
        @Test
        void tellWhereAndWhatChanged() {
            long at = guest.address("plain_function") + 0x20;
            byte[] before = guest.readVirtual(at, 2);
            guest.writeVirtual(at, new byte[] {(byte) ~before[0], (byte) ~before[1]});
            Finding finding = onlyFinding(IntegrityCheck.KERNEL_TEXT);
            assertEquals("plain_function+0x20/0x100", finding.subject());
            assertEquals(at, finding.va().getAsLong());
            assertEquals(SyntheticGuest.gpa(at), finding.gpa().getAsLong());
            assertEquals(HexFormat.of().formatHex(before), finding.expected());
        }

        @Test
        void leaveOutWhatAHealthyKernelPatches() {
            branch(
                    0xe9,
                    guest.address("with_jump_label") + 8,
                    guest.address("with_jump_label") + 0x40);
            branch(0xe8, guest.address("do_exit") + 4, guest.address("ftrace_caller"));
            branch(0xe9, guest.address("static_caller") + 8, guest.address("calls_twice"));
            assertEquals(List.of(), findings(IntegrityCheck.KERNEL_TEXT));
            guest.writeVirtual(guest.address("static_caller") + 8, SyntheticGuest.NOP5);
            assertEquals(List.of(), findings(IntegrityCheck.KERNEL_TEXT));
        }

        @Test
        void findAJumpLabelThatLeadsElsewhere() {
            long site = guest.address("with_jump_label") + 8;
            branch(0xe9, site, guest.address("with_jump_label") + 0x44);
            Finding finding = onlyFinding(IntegrityCheck.KERNEL_TEXT);
            assertEquals("with_jump_label+0x8/0x100", finding.subject());
            assertEquals(
                    String.format(
                            "a NOP, or a jump to 0x%x", guest.address("with_jump_label") + 0x40),
                    finding.expected());
        }

        @Test
        void findATracedFunctionThatCallsWhatIsNoTrampoline() {
            branch(0xe8, guest.address("do_exit") + 4, guest.address("plain_function"));
            assertEquals(
                    "a NOP, or a call of one of ftrace's trampolines",
                    onlyFinding(IntegrityCheck.KERNEL_TEXT).expected());
            guest.putLong(guest.address("ftrace_ops_list"), guest.address("tracer"));
            guest.putLong(guest.address("tracer"), guest.address("plain_function"));
            guest.putLong(guest.address("tracer") + 8, guest.address("ftrace_list_end"));
            guest.putLong(guest.address("tracer") + 16, SyntheticGuest.MODULE_TEXT + 0x800);
            branch(0xe8, guest.address("do_exit") + 4, SyntheticGuest.MODULE_TEXT + 0x800);
            assertEquals(
                    List.of(),
                    findings(IntegrityCheck.KERNEL_TEXT),
                    "a registered tracer's own trampoline");
        }

        @Test
        void askQemuForRegistersOnceARound() {
            int before = bench.qemu.questions();
            assertEquals(
                    List.of(), checks.check(EnumSet.allOf(IntegrityCheck.class)).findings());
            assertEquals(before + 1, bench.qemu.questions());
            assertEquals(
                    List.of(), checks.check(EnumSet.allOf(IntegrityCheck.class)).findings());
            assertEquals(before + 2, bench.qemu.questions());
        }

        @Test
        void leaveToTheNextRoundWhatFtraceIsWritingAndNothingElse() {
            guest.putLong(guest.address("ftrace_lock"), guest.address("shell_task"));
            branch(0xe8, guest.address("do_exit") + 4, SyntheticGuest.MODULE_TEXT + 0x800);
            CheckReport report = checks.check(Set.of(IntegrityCheck.KERNEL_TEXT));
            assertEquals(List.of(), report.findings());
            assertEquals("ftrace", report.results().get(0).information().get(0).subject());
            guest.writeVirtual(guest.address("plain_function") + 0x40, new byte[] {1, 2, 3});
            assertEquals(
                    "plain_function+0x40/0x100",
                    onlyFinding(IntegrityCheck.KERNEL_TEXT).subject());
            guest.putLong(guest.address("ftrace_lock"), 0);
            assertEquals(2, findings(IntegrityCheck.KERNEL_TEXT).size());
        }

        @Test
        void leaveItNoLongerThanAKernelCanNeed() throws Exception {
            SelfPatching patching = new SelfPatching(
                    armed.kernel(), new VirtualMemory(armed.kernelTables()), clock);
            assertFalse(patching.postpones(), "nobody holds a lock");
            guest.putLong(guest.address("ftrace_lock"), guest.address("shell_task"));
            assertTrue(patching.postpones());
            clock.pause(SelfPatching.LONGEST.minusNanos(1));
            assertTrue(patching.postpones());
            clock.pause(Duration.ofNanos(1));
            assertFalse(patching.postpones(), "a lock that is held for ever");
            patching.ended();
            assertTrue(patching.postpones(), "another time");
        }

        @Test
        void findAStaticCallOutOfTheKernelsCode() {
            branch(0xe8, guest.address("static_caller") + 8, SyntheticGuest.DATA + 0x5000);
            assertEquals(
                    "a static call of the kernel's code",
                    onlyFinding(IntegrityCheck.KERNEL_TEXT).expected());
        }

        @Test
        void tellOfAKprobeThatTheKernelKnowsAndFindATrapThatItDoesNot() {
            long at = guest.address("plain_function") + 0x20;
            guest.writeVirtual(at, new byte[] {(byte) 0xcc});
            assertEquals(
                    "plain_function+0x20/0x100",
                    onlyFinding(IntegrityCheck.KERNEL_TEXT).subject());
            guest.putLong(guest.address("kprobe_table") + 8 * 5, guest.address("kprobe"));
            guest.putLong(guest.address("kprobe") + 16, at);
            guest.putLong(guest.address("kprobe") + 24, guest.address("calls_twice"));
            CheckReport report = checks.check(Set.of(IntegrityCheck.KERNEL_TEXT));
            assertEquals(List.of(), report.findings());
            CheckReport.Information told = report.results().get(0).information().get(0);
            assertEquals("plain_function+0x20/0x100", told.subject());
            assertTrue(told.text().contains("calls_twice"), told.text());
        }

        private void branch(int opcode, long site, long target) {
            guest.writeVirtual(
                    site,
                    ByteBuffer.allocate(5)
                            .order(ByteOrder.LITTLE_ENDIAN)
                            .put((byte) opcode)
                            .putInt((int) (target - site - 5))
                            .array());
        }

        @Test
        void findAChangeRightBehindSuchAPlace() {
            long behind = guest.address("with_jump_label") + 13;
            guest.writeVirtual(behind, new byte[] {(byte) ~guest.readVirtual(behind, 1)[0]});
            assertEquals(behind, onlyFinding(IntegrityCheck.KERNEL_TEXT).va().getAsLong());
        }

        @Test
        void findARedirectedSystemCall() {
            guest.putLong(guest.address("sys_call_table") + 3 * 8, guest.address("calls_twice"));
            Finding finding = onlyFinding(IntegrityCheck.SYSTEM_CALLS);
            assertEquals("sys_call_table[3]", finding.subject());
            assertTrue(
                    finding.expected().startsWith("plain_function+0x0/0x100 "), finding.expected());
            assertTrue(finding.found().startsWith("calls_twice+0x0/0x100 "), finding.found());
        }

        @Test
        void findARedirectedInterrupt() {
            guest.writeVirtual(
                    guest.address("idt_table") + 14 * 16, new byte[] {1, 2, 3, 4, 5, 6, 7, 8});
            assertEquals(
                    "idt_table[14]", onlyFinding(IntegrityCheck.INTERRUPT_TABLE).subject());
        }

        @Test
        void findARedirectedSystemCallEntryAndInterruptTable() {
            bench.qemu
                    .vcpu()
                    .set(SyntheticGuest.CR3, guest.address("plain_function"), 0xffffc90000000000L);
            assertEquals(
                    "interrupt table of vCPU 0",
                    onlyFinding(IntegrityCheck.INTERRUPT_TABLE).subject());
            Finding entry = onlyFinding(IntegrityCheck.ENTRY_REGISTERS);
            assertEquals("LSTAR of vCPU 0", entry.subject());
            assertTrue(
                    entry.expected().startsWith("entry_SYSCALL_64+0x0/0x100 "), entry.expected());
            assertTrue(entry.found().startsWith("plain_function+0x0/0x100 "), entry.found());
        }

        @Test
        void findAnEntryThatWasClearedThoughAVcpuWithoutOneLooksAsIfItWereOffline() {
            bench.qemu.vcpu().set(SyntheticGuest.CR3, 0, 0xfffffe0000000000L);
            Finding finding = onlyFinding(IntegrityCheck.ENTRY_REGISTERS);
            assertEquals(FindingCode.REGISTER_CHANGED, finding.code());
            assertEquals("LSTAR of vCPU 0", finding.subject());
        }

        @Test
        void findProtectionSwitchedOff() {
            bench.qemu.vcpu().protection(0x20, 0x501);
            Finding finding = onlyFinding(IntegrityCheck.ENTRY_REGISTERS);
            assertEquals("EFER of vCPU 0", finding.subject());
            assertTrue(finding.found().endsWith("without bits 0x800"), finding.found());
        }

        @Test
        void findAChangeInReadOnlyData() {
            guest.writeVirtual(guest.address("__start_rodata") + 0x123, new byte[] {1});
            assertEquals(
                    "__start_rodata+0x123/0x1000",
                    onlyFinding(IntegrityCheck.READ_ONLY_DATA).subject());
        }

        @Test
        void findItInTheBaselineOnDiskAsWellAsOnTheHeap() throws IOException {
            checks.persist(directory);
            assertEquals(List.of(), findings(IntegrityCheck.KERNEL_TEXT));
            long at = guest.address("plain_function");
            guest.writeVirtual(at, new byte[] {(byte) ~guest.readVirtual(at, 1)[0]});
            assertEquals(at, onlyFinding(IntegrityCheck.KERNEL_TEXT).va().getAsLong());
        }

        @Test
        void stopAtALimitAndSaySo() {
            guest.writeVirtual(SyntheticGuest.TEXT + 0x2000, new byte[0x8000]);
            List<Finding> findings = findings(IntegrityCheck.KERNEL_TEXT);
            assertEquals(FindingCollector.LIMIT, findings.size());
        }
    }
}
