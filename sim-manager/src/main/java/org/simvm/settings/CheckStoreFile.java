// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.io.IOException;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermission;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.quartz.impl.jdbcjobstore.JobStoreTX;

/**
 * Reads the description of a database in the format of Quartz's own {@code quartz.properties},
 * fills in what every manager needs, and refuses what would fail or be ignored later. The database
 * itself is not asked: it may be down for now.
 */
final class CheckStoreFile {
    private static final String STORE = "org.quartz.jobStore.";
    private static final String SOURCES = "org.quartz.dataSource.";
    private static final String STORE_CLASS = STORE + "class";
    private static final String TRANSACTIONS = JobStoreTX.class.getName();
    private static final String CLUSTERED = STORE + "isClustered";
    private static final String NAME = "org.quartz.scheduler.instanceName";
    private static final String HOST = "org.quartz.scheduler.instanceId";
    private static final Path HOST_NAME = Path.of("/proc/sys/kernel/hostname");

    private final Path file;
    private final Map<String, String> values = new TreeMap<>();
    private final List<Problem> problems = new ArrayList<>();

    private CheckStoreFile(Path file) {
        this.file = file;
    }

    /**
     * Reads a file.
     *
     * @throws SettingsException everything that is wrong with it
     */
    static CheckStoreSettings read(Path file) throws SettingsException {
        CheckStoreFile read = new CheckStoreFile(file);
        read.load();
        if (read.problems.isEmpty()) {
            read.completeStore();
            read.completeSource();
        }
        if (!read.problems.isEmpty()) {
            throw new SettingsException(read.problems);
        }
        return new CheckStoreSettings(file, read.values);
    }

    private void problem(String where, String what, String nextStep) {
        problems.add(new Problem(
                where.isEmpty() ? file.toString() : file + ": " + where, what, nextStep));
    }

    private void load() {
        Properties read = new Properties();
        try {
            read.load(new StringReader(Files.readString(file)));
            boolean secret =
                    read.stringPropertyNames().stream().anyMatch(key -> key.endsWith(".password"));
            if (secret
                    && Files.getPosixFilePermissions(file)
                            .contains(PosixFilePermission.OTHERS_READ)) {
                problem("", "has a password and everybody may read it", "chmod 600 it");
            }
        } catch (CharacterCodingException e) {
            problem("", "is not UTF-8 text", "save it as UTF-8");
        } catch (IOException e) {
            problem(
                    "",
                    "cannot be read: " + e,
                    "correct checks.store.file, or make it readable for the manager");
        } catch (IllegalArgumentException e) {
            problem(
                    "",
                    "is not in properties format: " + e.getMessage(),
                    "write lines of key = value");
        }
        for (String key : read.stringPropertyNames()) {
            if (key.startsWith(STORE)
                    || key.startsWith(SOURCES)
                    || key.equals(NAME)
                    || key.equals(HOST)) {
                values.put(key, read.getProperty(key).strip());
            } else {
                problem(
                        key,
                        "is not about the store",
                        "leave it out; there are " + STORE + "*, " + SOURCES + "*, " + NAME
                                + " and " + HOST);
            }
        }
    }

    private void completeStore() {
        String store = values.getOrDefault(STORE_CLASS, TRANSACTIONS);
        if (!store.equals(TRANSACTIONS)) {
            problem(
                    STORE_CLASS,
                    "\"" + store + "\" is not a store that managers can share",
                    "write " + TRANSACTIONS + " or leave it out");
        }
        values.put(STORE_CLASS, TRANSACTIONS);
        values.keySet().stream()
                .filter(key -> key.startsWith(STORE)
                        && !key.equals(STORE_CLASS)
                        && !key.startsWith(STORE + "lockHandler."))
                .filter(key -> !hasSetter(key.substring(STORE.length())))
                .forEach(key -> problem(
                        key, "there is no such setting of Quartz's store", "correct its spelling"));
        String clustered = values.getOrDefault(CLUSTERED, "true");
        if (!clustered.equals("true")) {
            problem(
                    CLUSTERED,
                    "\"" + clustered + "\": managers that share a store are a cluster",
                    "write true or leave it out");
        }
        values.put(CLUSTERED, "true");
        values.putIfAbsent(STORE + "useProperties", "true");
        values.putIfAbsent(NAME, "sim-integrity");
        String delegate = STORE + "driverDelegateClass";
        if (values.containsKey(delegate)) {
            demandClass(delegate);
        }
        try {
            values.putIfAbsent(HOST, Files.readString(HOST_NAME).strip());
        } catch (IOException e) {
            problem(
                    HOST,
                    "is not there, and this host's name is unknown",
                    "write a name that no other manager has");
        }
    }

    private static boolean hasSetter(String name) {
        return !name.isEmpty()
                && Stream.of(JobStoreTX.class.getMethods())
                        .anyMatch(method -> method.getName()
                                .equals("set" + name.substring(0, 1).toUpperCase(Locale.ROOT)
                                        + name.substring(1)));
    }

    private void completeSource() {
        String name = values.get(STORE + "dataSource");
        if (name == null || name.isEmpty()) {
            problem(
                    STORE + "dataSource",
                    "is missing",
                    "write the NAME of " + SOURCES + "NAME.URL");
            return;
        }
        String source = SOURCES + name + ".";
        if (values.keySet().stream().noneMatch(key -> key.startsWith(source))) {
            problem(
                    STORE + "dataSource",
                    "\"" + name + "\" is not described",
                    "write " + source + "driver, " + source + "URL, " + source + "user and "
                            + source + "password");
        } else if (!values.containsKey(source + "connectionProvider.class")
                && !values.containsKey(source + "jndiURL")) {
            values.putIfAbsent(source + "provider", "hikaricp");
            demandDriver(source + "driver", source + "URL");
        }
    }

    private void demandDriver(String driver, String url) {
        for (String key : List.of(driver, url)) {
            if (values.getOrDefault(key, "").isEmpty()) {
                problem(
                        key,
                        "is missing",
                        "write "
                                + (key.equals(driver)
                                        ? "the class of the JDBC driver"
                                        : "the address of the database"));
                return;
            }
        }
        if (!demandClass(driver)) {
            return;
        }
        try {
            DriverManager.getDriver(values.get(url));
        } catch (SQLException e) {
            problem(
                    url,
                    "is not an address that " + values.get(driver) + " knows",
                    "correct one of the two");
        }
    }

    private boolean demandClass(String key) {
        try {
            Class.forName(values.get(key));
            return true;
        } catch (ClassNotFoundException | LinkageError e) {
            problem(
                    key,
                    "there is no class \"" + values.get(key) + "\"",
                    "correct it, or put its jar into /usr/local/share/sim-manager/lib");
            return false;
        }
    }
}
