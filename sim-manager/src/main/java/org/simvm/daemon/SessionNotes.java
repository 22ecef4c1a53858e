// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import org.simvm.arming.EarlierSession;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a manager that takes a running guest up must know of what this one did, in {@code session.json} of the domain's state
 * directory: the last violation that was reported, and whether the present boot is armed.
 */
final class SessionNotes {
    private static final Logger log = LoggerFactory.getLogger(SessionNotes.class);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Path file;
    private EarlierSession now;
    private boolean failing;

    private SessionNotes(Path file, EarlierSession now) {
        this.file = file;
        this.now = now;
    }

    /** Reads the notes of an earlier manager; none, or a file that makes no sense, means that it did nothing. */
    static SessionNotes of(Path stateDirectory) {
        Path file = stateDirectory.resolve("session.json");
        EarlierSession earlier = EarlierSession.NONE;
        try {
            JsonNode json = JSON.readTree(Files.readAllBytes(file));
            earlier = new EarlierSession(Math.max(0, json.path("violations").asLong()), json.path("armed").asBoolean());
        } catch (NoSuchFileException e) {
            log.debug("{}: none", file);
        } catch (IOException e) {
            log.warn("{} can't be read: {}", file, e.toString());
        }
        return new SessionNotes(file, earlier);
    }

    synchronized EarlierSession earlier() {
        return now;
    }

    synchronized void violation(long sequence) {
        write(new EarlierSession(sequence, now.armed()));
    }

    synchronized void armed(boolean armed) {
        if (armed != now.armed()) {
            write(new EarlierSession(now.violations(), armed));
        }
    }

    private void write(EarlierSession next) {
        now = next;
        Path unfinished = file.resolveSibling(".session.json");
        try {
            ObjectNode json = JSON.createObjectNode().put("violations", next.violations()).put("armed", next.armed());
            Files.write(unfinished, JSON.writeValueAsBytes(json));
            Files.move(unfinished, file, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                log.error("{} can't be written ({}); a manager that is started anew may report violations twice", file, e.toString());
            }
            failing = true;
        }
    }

    /** The QEMU that they are about is gone, or not started yet. */
    static void forget(Path stateDirectory) {
        try {
            Files.deleteIfExists(stateDirectory.resolve("session.json"));
            Files.deleteIfExists(stateDirectory.resolve(".session.json"));
        } catch (IOException e) {
            log.warn("{}", e.toString());
        }
    }
}
