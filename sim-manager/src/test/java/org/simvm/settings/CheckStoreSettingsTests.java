// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@DisplayName("The reader of the manager's configuration reads where schedules of checks are kept")
class CheckStoreSettingsTests extends ManagerSettingsFixture {

    private Path store;

    @BeforeEach
    void useStore() throws IOException {
        store = directory.resolve("store.properties");
        Files.writeString(file, "checks.store.file = " + store + "\n");
    }

    private void describe(String text) throws IOException {
        Files.writeString(store, text);
        Files.setPosixFilePermissions(store, PosixFilePermissions.fromString("rw-------"));
    }

    private static final String WHOLE = """
                org.quartz.jobStore.driverDelegateClass = org.quartz.impl.jdbcjobstore.StdJDBCDelegate
                org.quartz.jobStore.dataSource = checks
                org.quartz.dataSource.checks.driver = org.h2.Driver
                org.quartz.dataSource.checks.URL = jdbc:h2:mem:checks
                org.quartz.dataSource.checks.user = sim
                org.quartz.dataSource.checks.password = secret
                """;

    @Test
    @DisplayName("and fills in what makes a cluster of them; the password is in no text")
    void whole() throws Exception {
        describe(WHOLE);
        CheckStoreSettings settings = read().checkStore().orElseThrow();
        Map<String, String> quartz = settings.quartz();
        assertEquals(
                "org.quartz.impl.jdbcjobstore.JobStoreTX", quartz.get("org.quartz.jobStore.class"));
        assertEquals("true", quartz.get("org.quartz.jobStore.isClustered"));
        assertEquals("hikaricp", quartz.get("org.quartz.dataSource.checks.provider"));
        assertEquals("sim-integrity", quartz.get("org.quartz.scheduler.instanceName"));
        assertEquals(
                Files.readString(Path.of("/proc/sys/kernel/hostname")).strip(),
                quartz.get("org.quartz.scheduler.instanceId"));
        assertEquals(
                "secret",
                settings.properties().getProperty("org.quartz.dataSource.checks.password"));
        assertEquals(store.toString(), settings.toString());
    }

    @Test
    @DisplayName("which is the manager's own memory by default")
    void none() throws Exception {
        Files.writeString(file, "");
        assertEquals(Optional.empty(), read().checkStore());
    }

    @Test
    @DisplayName("but none that everybody may read the password of, or that is not there")
    void badFiles() throws Exception {
        describe(WHOLE);
        Files.setPosixFilePermissions(store, PosixFilePermissions.fromString("rw-r--r--"));
        assertEquals(
                List.of("/store.properties: has a password and everybody may read it; "
                        + "chmod 600 it"),
                problems());
        Files.delete(store);
        assertTrue(
                problems().get(0).startsWith("/store.properties: cannot be read: "),
                () -> problems().toString());
    }

    @ParameterizedTest(name = "{0} = {1}")
    @CsvSource({
        "org.quartz.jobStore.class, org.quartz.simpl.RAMJobStore",
        "org.quartz.jobStore.isClustered, false",
        "org.quartz.jobStore.dataSource, others",
        "org.quartz.jobStore.tablePrefx, SIM_",
        "org.quartz.jobStore.driverDelegateClass, NoDelegate",
        "org.quartz.dataSource.checks.driver, org.nowhere.Driver",
        "org.quartz.dataSource.checks.URL, jdbc:nothing:checks",
        "org.quartz.threadPool.threadCount, 9"
    })
    @DisplayName("and none that would fail or be ignored later")
    void nonsense(String key, String value) throws Exception {
        describe(WHOLE + key + " = " + value + "\n");
        List<String> problems = problems();
        assertEquals(1, problems.size(), () -> String.join("\n", problems));
        assertTrue(problems.get(0).startsWith("/store.properties: " + key + ": "), problems.get(0));
    }

    @Test
    @DisplayName("anew when the manager is started anew")
    void reload() throws Exception {
        describe(WHOLE);
        ManagerSettings before = ManagerSettingsReader.defaults();
        ManagerSettings both = read();
        SettingsReload reload = SettingsReload.of(before, both);
        assertEquals(List.of("checks.store.file"), reload.nextStart());
        assertEquals(Optional.empty(), reload.inForce().checkStore());
    }
}
