// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.session;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.simvm.arming.EarlierSession;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a manager that takes a running guest up must know of what this one did, in
 * {@code session.json} of the domain's state directory: the last violation that was reported, and
 * whether the present boot is armed.
 */
public final class SessionNotes {
    private static final Logger log = LoggerFactory.getLogger(SessionNotes.class);
    private static final int FORMAT = 1;

    private final Path file;
    private EarlierSession now;
    private boolean failing;

    private SessionNotes(Path file, EarlierSession now) {
        this.file = file;
        this.now = now;
    }

    /**
     * Reads the notes of an earlier manager; none, or a file that makes no sense, means that it did
     * nothing.
     */
    public static SessionNotes of(Path stateDirectory) {
        Path file = stateDirectory.resolve("session.json");
        EarlierSession earlier = EarlierSession.NONE;
        try {
            earlier = StateFile.read(file, FORMAT, EarlierSession.class)
                    .map(read -> new EarlierSession(Math.max(0, read.violations()), read.armed()))
                    .orElse(EarlierSession.NONE);
        } catch (IOException e) {
            log.warn(
                    "{}; violations may be reported twice, and checks begin at the guest's "
                            + "next boot",
                    e.getMessage());
        }
        return new SessionNotes(file, earlier);
    }

    public synchronized EarlierSession earlier() {
        return now;
    }

    public synchronized void violation(long sequence) {
        write(new EarlierSession(sequence, now.armed()));
    }

    public synchronized void armed(boolean armed) {
        if (armed != now.armed()) {
            write(new EarlierSession(now.violations(), armed));
        }
    }

    private void write(EarlierSession next) {
        now = next;
        try {
            // For this process alone: the guest does not outlive the host.
            StateFile.replace(file, FORMAT, next, StateFile.Safety.PROCESS);
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                log.error(
                        "{} can't be written ({}); a manager that is restarted may report "
                                + "violations twice",
                        file,
                        e.toString());
            }
            failing = true;
        }
    }

    /** The QEMU that they are about is gone, or not started yet. */
    public static void forget(Path stateDirectory) {
        try {
            Files.deleteIfExists(stateDirectory.resolve("session.json"));
        } catch (IOException e) {
            log.warn("{}", e.toString());
        }
    }
}
