// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;

/**
 * Names a monitor of a domain and its parameters.
 *
 * @param name unique in the domain: a letter, then letters, digits, {@code -} and {@code _}, 64 at
 *     most
 * @param file absolute path of the monitor's own ELF; empty for one that is shipped under
 *     {@code name}
 * @param parameters values for the monitor's declared parameters, in the order of the XML; whether
 *     the monitor knows them is found out when its ELF is loaded
 */
public record MonitorSettings(String name, Optional<Path> file, Map<String, String> parameters) {

    public MonitorSettings {
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(file, "file");
        parameters = Collections.unmodifiableMap(new LinkedHashMap<>(parameters));
    }
}
