// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.nio.file.Path;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;

/**
 * The database that keeps schedules of integrity checks for several managers.
 *
 * @param file where it was described
 * @param quartz settings of Quartz, {@code org.quartz.jobStore.*} and so on, complete
 */
public record CheckStoreSettings(Path file, Map<String, String> quartz) {

    public CheckStoreSettings {
        Objects.requireNonNull(file, "file");
        quartz = Map.copyOf(quartz);
    }

    /** Returns the settings as Quartz takes them. */
    public Properties properties() {
        Properties properties = new Properties();
        properties.putAll(quartz);
        return properties;
    }

    /** Names the file alone: the settings have a password in them. */
    @Override
    public String toString() {
        return file.toString();
    }
}
