// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.simvm.settings.ManagerSettings;

/**
 * The manager's directories, and who may enter them: QEMU finds the run directory of its own domain
 * and the launcher its marker, by name alone.
 */
final class HostDirectories {
    private HostDirectories() {}

    /** Makes those that are missing. */
    static void create(ManagerSettings settings) throws IOException {
        Path run = settings.runDirectory();
        Path state = settings.stateDirectory();
        create(run, "rwxr-xr-x");
        create(run.resolve("domains"), "rwx--x--x");
        create(state, "rwx--x--x");
        create(state.resolve("domains"), "rwx------");
        create(state.resolve("required"), "rwx--x--x");
        create(settings.spoolDirectory(), "rwx------");
    }

    private static void create(Path path, String mode) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }
}
