// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import net.jqwik.api.lifecycle.AfterContainer;
import net.jqwik.api.lifecycle.BeforeContainer;
import org.simvm.arming.ArmingBench;
import org.simvm.arming.SyntheticGuest;
import org.simvm.arming.SyntheticMonitors;
import org.simvm.settings.IntegrityCheck;

/** Rounds of checks of a guest whose lists, tables and text a hostile kernel wrote. */
class HostileGuestTests {
    private static Path directory;
    private static ArmingBench bench;
    private static GuestChecks checks;

    @BeforeContainer
    static void arm() throws Exception {
        directory = Files.createTempDirectory("sim-hostile");
        bench = new ArmingBench(directory, SyntheticMonitors.usual());
        bench.atBaseline(standing -> checks = GuestChecks.record(standing));
        bench.arm();
    }

    @AfterContainer
    static void close() throws Exception {
        bench.close();
        try (var files = Files.list(directory)) {
            for (Path file : files.toList()) {
                Files.delete(file);
            }
        }
        Files.delete(directory);
    }

    @Property(tries = 60)
    void alwaysEndInAReportOfBoundedSize(@ForAll long seed) {
        SyntheticGuest guest = bench.guest;
        Random random = new Random(seed);
        List<String> places = List.of(
                "modules",
                "module_a",
                "kprobe_table",
                "kprobe",
                "ftrace_ops_list",
                "tracer",
                "init_task",
                "shell_task",
                "daemon_task",
                "shell_cred",
                "net_namespace_list",
                "init_net",
                "filters",
                "security_hook_heads",
                "security_hook",
                "do_exit",
                "with_jump_label",
                "static_caller",
                "plain_function");
        for (String place : places) {
            for (int at = 0; at < 0x100; at += 8) {
                if (random.nextInt(3) == 0) {
                    guest.putLong(
                            guest.address(place) + at,
                            random.nextInt(4) == 0
                                    ? random.nextLong()
                                    : guest.address(places.get(random.nextInt(places.size())))
                                            + random.nextInt(32) * 8L);
                }
            }
        }
        CheckReport report = checks.check(EnumSet.allOf(IntegrityCheck.class));
        for (CheckReport.Result result : report.results()) {
            assertTrue(
                    result.findings().size() <= FindingCollector.LIMIT + 1,
                    result.check() + " " + result.findings().size());
            assertTrue(result.information().size() <= 2 * FindingCollector.LIMIT);
            assertTrue(result.took().toSeconds() < 10, result.check() + " took " + result.took());
        }
    }
}
