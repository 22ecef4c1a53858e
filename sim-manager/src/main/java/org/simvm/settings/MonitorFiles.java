// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.nio.file.Path;
import java.util.List;

/**
 * Finds the ELF files of gates and monitors.
 *
 * @param shipped the directory of those that were installed
 * @param allowed where a monitor named by {@code file=} may be; empty: anywhere
 */
public record MonitorFiles(Path shipped, List<Path> allowed) {
    public MonitorFiles {
        allowed = List.copyOf(allowed);
    }

    /** Returns the gate template. */
    public Path gates() {
        return shipped.resolve("gates.elf");
    }

    /** Returns the gate template for a QEMU that keeps a last branch record. */
    public Path lastBranchGates() {
        return shipped.resolve("gates-lbr.elf");
    }

    /** Returns the file that is loaded beside every monitor. */
    public Path core() {
        return shipped.resolve("core.elf");
    }

    /**
     * Returns the file of a monitor: its own, or the one shipped under its name.
     *
     * @throws SettingsException the file is outside of the allowed directories; whether it exists
     *     is not looked at
     */
    public Path monitor(MonitorSettings monitor) throws SettingsException {
        if (monitor.file().isEmpty()) {
            return shipped.resolve(monitor.name() + ".elf");
        }
        Path file = monitor.file().get().normalize();
        if (!allowed.isEmpty() && allowed.stream().noneMatch(file::startsWith)) {
            throw new SettingsException(List.of(new Problem(
                    "monitor " + monitor.name(),
                    "file " + file + " is outside of the directories that this host allows",
                    "move it to one of " + allowed
                            + ", or add its directory to monitor.directories")));
        }
        return file;
    }
}
