// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Remembers which emulator a domain named before it was put under SIM, so that taking it off gives the old XML back. */
final class FormerEmulator {
    private static final Logger log = LoggerFactory.getLogger(FormerEmulator.class);
    private static final int MAX_LENGTH = 4096;

    private final Path file;

    FormerEmulator(Path stateDirectory) {
        this.file = stateDirectory.resolve("former-emulator");
    }

    /** Notes the emulator; empty: the domain named none, and libvirt's default will do. */
    void remember(Optional<Path> emulator) {
        try {
            Files.createDirectories(file.getParent(), PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
            if (emulator.isPresent()) {
                Files.writeString(file, emulator.get().toString());
            } else {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            log.warn("{}: {}; libvirt's default emulator will be used when SIM is removed", file, e.toString());
        }
    }

    Optional<Path> recall() {
        try {
            String text = Files.readString(file).strip();
            return text.startsWith("/") && text.length() < MAX_LENGTH ? Optional.of(Path.of(text)) : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (IOException e) {
            log.warn("{}: {}", file, e.toString());
            return Optional.empty();
        }
    }
}
