// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.arming.HookSite;
import org.simvm.arming.PersistedBoot;
import org.simvm.arming.SyntheticGuest;
import org.simvm.settings.IntegrityCheck;

@DisplayName("The baseline of a boot")
class BaselineTests extends CheckedGuestFixture {
    private static final String TEXT = "kernel-text";
    private static final String DATA = "read-only-data";

    @Test
    void sayWhatTheBootLookedLikeWithoutTheRegionsSecrets() throws IOException {
        checks.persist(directory);
        Baseline baseline = Baseline.read(directory);
        assertEquals("6.12.0-synthetic", baseline.kernel());
        MemoryCopy.Kept kept =
                baseline.section(TEXT, MemoryCopy.Kept.class, directory).orElseThrow();
        assertEquals(SyntheticGuest.TEXT_SIZE, kept.bytes());
        assertEquals(
                16 + 3 * 5, kept.excluded(), "four places that the kernel patches, three hooks");
        assertEquals(
                List.of(
                        "wake_up_new_task+0x4",
                        "begin_new_exec",
                        "entry_SYSCALL_64_after_hwframe+0x47"),
                baseline.hooks().stream().map(Baseline.Hook::symbol).toList());
        String text = Files.readString(directory.resolve(Baseline.FILE));
        assertFalse(text.contains(Long.toHexString(armed.image().simCr3())));
        assertEquals(
                "rw-------",
                PosixFilePermissions.toString(
                        Files.getPosixFilePermissions(directory.resolve(Baseline.FILE))));
    }

    @Test
    void leaveNothingHalfWrittenBehind() throws IOException {
        checks.persist(directory);
        checks.persist(directory);
        try (var files = Files.list(directory)) {
            assertEquals(
                    List.of("baseline.json", "kernel-text"),
                    files.map(file -> file.getFileName().toString())
                            .filter(name ->
                                    name.contains("baseline") || name.contains("kernel-text"))
                            .sorted()
                            .toList());
        }
    }

    @Test
    void refuseADamagedFileWithOneLine() throws IOException {
        Files.writeString(directory.resolve(Baseline.FILE), "{\"format\": 3, \"recorded\":");
        IOException e = assertThrows(IOException.class, () -> Baseline.read(directory));
        assertTrue(
                e.getMessage().startsWith(directory.resolve(Baseline.FILE) + ": not a baseline: "),
                e.getMessage());
    }

    private GuestChecks resume() throws Exception {
        checks.persist(directory);
        return GuestChecks.resume(armed, Optional.empty(), directory);
    }

    @Test
    void goOnWithTheBaselineThatWasKept() throws Exception {
        GuestChecks later = resume();
        assertEquals(checks.available(), later.available());
        assertEquals(List.of(), later.check(EnumSet.allOf(IntegrityCheck.class)).findings());
    }

    @Test
    void findWhatWasChangedWhileNoManagerLooked() throws Exception {
        checks.persist(directory);
        long at = guest.address("plain_function") + 0x20;
        guest.writeVirtual(at, new byte[] {(byte) ~guest.readVirtual(at, 1)[0]});
        guest.writeVirtual(guest.address("__start_rodata") + 8, new byte[] {7});
        guest.putLong(guest.address("sys_call_table") + 3 * 8, guest.address("calls_twice"));
        guest.writeVirtual(guest.address("idt_table") + 14 * 16, new byte[] {1});
        bench.qemu
                .vcpu()
                .set(SyntheticGuest.CR3, guest.address("plain_function"), 0xfffffe0000000000L);
        GuestChecks later = GuestChecks.resume(armed, Optional.empty(), directory);
        assertEquals(
                Set.of(
                        "plain_function+0x20/0x100",
                        "__start_rodata+0x8/0x1000",
                        "sys_call_table[3]",
                        "idt_table[14]",
                        "LSTAR of vCPU 0"),
                later.check(EnumSet.allOf(IntegrityCheck.class)).findings().stream()
                        .map(Finding::subject)
                        .collect(Collectors.toSet()));
    }

    @Test
    void tellsArmingWhatItMustKnow() throws Exception {
        checks.persist(directory);
        PersistedBoot kept = GuestChecks.persistedBoot(directory);
        assertEquals(armed.patchable(), kept.patchable());
        assertEquals(armed.image().gateEntry(), kept.gateEntry());
        assertEquals(armed.kernelTables().root(), kept.root());
        assertEquals(
                armed.hooks().stream().map(HookSite::address).toList(),
                kept.hooks().stream().map(PersistedBoot.Hook::address).toList());
    }

    @Test
    void refuseABaselineThatIsDamagedInOneLine() throws Exception {
        for (String name : List.of(Baseline.FILE, PatchSiteFile.FILE, TEXT, DATA)) {
            for (int kept : new int[] {0, 1, 50, 99}) {
                checks.persist(directory);
                Path file = directory.resolve(name);
                byte[] whole = Files.readAllBytes(file);
                Files.delete(file); // the old one is mapped
                Files.write(file, Arrays.copyOf(whole, (int) ((long) whole.length * kept / 100)));
                BaselineException e = assertThrows(
                        BaselineException.class,
                        () -> {
                            GuestChecks.persistedBoot(directory);
                            GuestChecks.resume(armed, Optional.empty(), directory);
                        },
                        name + " of which " + kept + " % are left");
                assertTrue(
                        e.getMessage().contains(file.toString())
                                && e.getMessage().lines().count() == 1,
                        e.getMessage());
            }
        }
        checks.persist(directory);
        assertEquals(
                checks.available(),
                GuestChecks.resume(armed, Optional.empty(), directory).available());
    }

    @Test
    void refuseABaselineWithoutSomeOfItsParts() throws Exception {
        checks.persist(directory);
        Path file = directory.resolve(Baseline.FILE);
        String whole = Files.readString(file);
        for (String part : List.of("\"gate\"", "\"paging\"", "\"hooks\"", "\"lstar\"")) {
            Files.writeString(file, whole.replace(part, "\"other\""));
            BaselineException e = assertThrows(
                    BaselineException.class, () -> GuestChecks.persistedBoot(directory), part);
            assertTrue(e.getMessage().startsWith(file.toString()), e.getMessage());
        }
    }

    @Test
    void refuseACopyThatIsNotTheOneThatWasRecorded() throws Exception {
        checks.persist(directory);
        byte[] text = Files.readAllBytes(directory.resolve(TEXT));
        text[0x930] ^= 1;
        Files.write(directory.resolve(TEXT), text);
        BaselineException e = assertThrows(
                BaselineException.class,
                () -> GuestChecks.resume(armed, Optional.empty(), directory));
        assertTrue(
                e.getMessage().endsWith("kernel-text: not the copy that the baseline names"),
                e.getMessage());
    }
}
