// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.io.IOException;
import java.nio.file.Path;
import java.util.Optional;
import java.util.function.Supplier;
import org.simvm.state.LineLog;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** The event logs of all domains: a file for each, or one for all. */
public final class EventLogs implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(EventLogs.class);

    private final Supplier<Settings> settings;
    private final Optional<LineLog> shared;

    /**
     * Where events are logged.
     *
     * @param file relative: a file in each domain's directory; absolute: one for all domains
     * @param maxBytes a log this long is rotated
     * @param files logs kept, the current one included; at least 1
     */
    public record Settings(Path file, long maxBytes, int files) {}

    /**
     * @param settings asked whenever a domain's log is opened; that one is shared stays as it is
     */
    public EventLogs(Supplier<Settings> settings) {
        this.settings = settings;
        Settings now = settings.get();
        this.shared = now.file().isAbsolute() ? open(now.file(), now) : Optional.empty();
    }

    /**
     * Opens a domain's log.
     *
     * @param directory the domain's
     * @return empty if it can't be opened, which the manager's log says
     */
    public Optional<EventLog> open(Path directory, EventNames names) {
        if (shared.isPresent()) {
            return shared.map(file -> new EventLog(file, false, names));
        }
        Settings now = settings.get();
        return now.file().isAbsolute()
                ? Optional.empty()
                : open(directory.resolve(now.file()), now)
                        .map(file -> new EventLog(file, true, names));
    }

    private static Optional<LineLog> open(Path file, Settings settings) {
        LineLog opened = new LineLog(
                file,
                new LineLog.Format(
                        "events",
                        settings.maxBytes(),
                        settings.files() - 1,
                        "rw-r-----",
                        StateFile.Safety.PROCESS));
        try {
            opened.open();
            return Optional.of(opened);
        } catch (IOException e) {
            log.error("{}: can't be opened, events are not logged: {}", file, e.toString());
            return Optional.empty();
        }
    }

    /** Closes the shared log. */
    @Override
    public void close() {
        shared.ifPresent(LineLog::close);
    }
}
