// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.time.Duration;
import java.util.EnumSet;
import java.util.Properties;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.h2.tools.RunScript;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.quartz.Scheduler;
import org.quartz.TriggerKey;
import org.simvm.settings.IntegrityCheck;
import org.simvm.settings.IntegritySettings;
import org.simvm.settings.Schedule;

@DisplayName("Two managers whose schedules are in one database")
@Timeout(60)
class SharedStoreTests {
    private static final UUID OF_FIRST = UUID.fromString("5e0d1c3a-0000-4000-8000-00000000000a");
    private static final UUID OF_SECOND = UUID.fromString("5e0d1c3a-0000-4000-8000-00000000000b");
    private static final Duration LOOKS = Duration.ofMillis(200);

    private final String database = "jdbc:h2:mem:" + UUID.randomUUID() + ";DB_CLOSE_DELAY=-1";
    private QuartzCheckScheduler first;
    private QuartzCheckScheduler second;

    @BeforeEach
    void start() throws Exception {
        makeTables();
        first = manager("first");
        second = manager("second");
    }

    @AfterEach
    void end() {
        first.close();
        second.close();
    }

    private void makeTables() throws Exception {
        try (Connection connection = DriverManager.getConnection(database);
                InputStreamReader script = new InputStreamReader(
                        Scheduler.class.getResourceAsStream(
                                "/org/quartz/impl/jdbcjobstore/tables_h2.sql"),
                        StandardCharsets.UTF_8)) {
            RunScript.execute(connection, script);
        }
    }

    private QuartzCheckScheduler manager(String host) {
        Properties quartz = new Properties();
        quartz.setProperty("org.quartz.scheduler.instanceName", "cluster");
        quartz.setProperty("org.quartz.scheduler.instanceId", host);
        quartz.setProperty("org.quartz.jobStore.class", "org.quartz.impl.jdbcjobstore.JobStoreTX");
        quartz.setProperty(
                "org.quartz.jobStore.driverDelegateClass",
                "org.quartz.impl.jdbcjobstore.StdJDBCDelegate");
        quartz.setProperty("org.quartz.jobStore.isClustered", "true");
        quartz.setProperty("org.quartz.jobStore.useProperties", "true");
        quartz.setProperty("org.quartz.jobStore.clusterCheckinInterval", "500");
        quartz.setProperty("org.quartz.jobStore.dataSource", host);
        quartz.setProperty("org.quartz.dataSource." + host + ".provider", "hikaricp");
        quartz.setProperty("org.quartz.dataSource." + host + ".driver", "org.h2.Driver");
        quartz.setProperty("org.quartz.dataSource." + host + ".URL", database);
        return new QuartzCheckScheduler(2, quartz, LOOKS, Duration.ofMinutes(1));
    }

    private static IntegritySettings every(Duration period) {
        return new IntegritySettings(
                new Schedule.Interval(period), Duration.ZERO, EnumSet.of(IntegrityCheck.HOOKS));
    }

    private int count(String table) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery("select count(*) from " + table)) {
            rows.next();
            return rows.getInt(1);
        }
    }

    private void sql(String text) throws SQLException {
        try (Connection connection = DriverManager.getConnection(database);
                Statement statement = connection.createStatement()) {
            statement.execute(text);
        }
    }

    private static void waitUntil(String what, Callable<Boolean> holds) {
        await(what).atMost(Duration.ofMinutes(1)).until(holds);
    }

    @Test
    @DisplayName("check their own domains alone, each as often as it is told")
    void keepToTheirOwn() throws Exception {
        CountDownLatch ofFirst = new CountDownLatch(4);
        CountDownLatch ofSecond = new CountDownLatch(4);
        long begun = System.nanoTime();
        first.schedule(OF_FIRST, every(Duration.ofSeconds(1)), group -> ofFirst.countDown());
        second.schedule(OF_SECOND, every(Duration.ofSeconds(1)), group -> ofSecond.countDown());
        assertTrue(ofFirst.await(20, TimeUnit.SECONDS));
        assertTrue(ofSecond.await(20, TimeUnit.SECONDS));
        assertTrue(System.nanoTime() - begun >= Duration.ofMillis(3900).toNanos());
        assertEquals(2, count("QRTZ_TRIGGERS"));
        assertEquals(2, count("QRTZ_SCHEDULER_STATE"));
        first.cancel(OF_FIRST);
        waitUntil(
                "a cancelled domain is gone from the store", () -> count("QRTZ_JOB_DETAILS") == 1);
    }

    @Test
    @DisplayName("check a domain that moves on both hosts while it is on both, and then on the "
            + "other alone")
    void followADomain() throws Exception {
        CountDownLatch onFirst = new CountDownLatch(1);
        CountDownLatch onSecond = new CountDownLatch(1);
        first.schedule(OF_FIRST, every(Duration.ofSeconds(1)), group -> onFirst.countDown());
        second.schedule(OF_FIRST, every(Duration.ofSeconds(1)), group -> onSecond.countDown());
        assertTrue(onFirst.await(20, TimeUnit.SECONDS));
        assertTrue(onSecond.await(20, TimeUnit.SECONDS));
        first.cancel(OF_FIRST);
        waitUntil("one schedule is left", () -> count("QRTZ_JOB_DETAILS") == 1);
        assertEquals(
                Set.of("-@second"),
                second.triggers(OF_FIRST).stream()
                        .map(TriggerKey::getName)
                        .collect(Collectors.toSet()));
    }

    @Test
    @DisplayName("take no round of a manager that was killed; it forgets, when it is back, what it "
            + "had scheduled")
    void forgetAnEarlierLife() throws Exception {
        first.schedule(OF_FIRST, every(Duration.ofHours(1)), group -> {});
        waitUntil("the schedule is written", () -> count("QRTZ_TRIGGERS") == 1);
        first.close(); // leaves the store as a kill does
        second.schedule(OF_SECOND, every(Duration.ofHours(1)), group -> {});
        waitUntil("the schedule is written", () -> count("QRTZ_TRIGGERS") == 2);
        first = manager("first");
        waitUntil("what an earlier life left is gone", () -> count("QRTZ_TRIGGERS") == 1);
        assertFalse(first.runNow(OF_FIRST));
        assertEquals(1, second.triggers(OF_SECOND).size());
    }

    @Test
    @DisplayName("take domains that end after them, as those of a manager that stops do")
    void outliveNobody() {
        first.schedule(OF_FIRST, every(Duration.ofHours(1)), group -> {});
        first.close();
        first.cancel(OF_FIRST);
        assertFalse(first.runNow(OF_FIRST));
    }

    @Test
    @DisplayName(
            "say so if the database is out of order, and schedule what they have when it is back")
    void outlastAnOutage() throws Exception {
        BlockingQueue<String> said = new LinkedBlockingQueue<>();
        CountDownLatch rounds = new CountDownLatch(1);
        sql("alter table QRTZ_JOB_DETAILS rename to GONE");
        first.onStuck((domain, what) -> said.add(domain + ": " + what));
        first.schedule(OF_FIRST, every(Duration.ofSeconds(1)), group -> rounds.countDown());
        String line = said.poll(20, TimeUnit.SECONDS);
        assertTrue(
                line.startsWith(
                        OF_FIRST + ": its checks can't be scheduled, which is tried again: "),
                line);
        sql("alter table GONE rename to QRTZ_JOB_DETAILS");
        assertTrue(rounds.await(20, TimeUnit.SECONDS));
    }
}
