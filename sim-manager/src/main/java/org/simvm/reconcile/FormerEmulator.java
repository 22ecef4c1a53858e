// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.reconcile;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Remembers which emulator a domain named before it was put under SIM, so that taking it off gives
 * the old XML back.
 */
public final class FormerEmulator {
    private static final Logger log = LoggerFactory.getLogger(FormerEmulator.class);
    private static final int FORMAT = 1;
    private static final int MAX_LENGTH = 4096;

    /** What the file holds. */
    private record Contents(String emulator) {}

    private final Path file;

    public FormerEmulator(Path stateDirectory) {
        this.file = stateDirectory.resolve("former-emulator");
    }

    /** Notes the emulator; empty: the domain named none, and libvirt's default will do. */
    public void remember(Optional<Path> emulator) {
        try {
            Files.createDirectories(
                    file.getParent(),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            if (emulator.isPresent()) {
                StateFile.replace(
                        file,
                        FORMAT,
                        new Contents(emulator.get().toString()),
                        StateFile.Safety.HOST);
            } else {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.warn(
                    "{}: {}; libvirt's default emulator will be used when SIM is removed",
                    file,
                    e.toString());
        }
    }

    public Optional<Path> recall() {
        try {
            return StateFile.read(file, FORMAT, Contents.class)
                    .map(Contents::emulator)
                    .filter(text -> text.startsWith("/") && text.length() < MAX_LENGTH)
                    .map(Path::of);
        } catch (IOException | InvalidPathException e) {
            log.warn("{}; libvirt's default emulator is used", e.getMessage());
            return Optional.empty();
        }
    }
}
