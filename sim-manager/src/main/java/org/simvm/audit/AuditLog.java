// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.audit;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.protocol.AuditEntry;
import org.simvm.protocol.Codec;
import org.simvm.protocol.ProtocolException;
import org.simvm.state.LineLog;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed what, when, and whether it was done: a line of JSON for each request that changes
 * something, in a file, and a notice. A line is on disk when {@link #record} returns. The file is
 * renamed to {@code audit.jsonl.1} when it is long.
 */
public final class AuditLog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AuditLog.class);
    private static final LineLog.Format FORMAT =
            new LineLog.Format("audit records", 16L << 20, 1, "rw-------", StateFile.Safety.HOST);
    private static final int CAPACITY = 1000;

    private final LineLog file;
    private final Outlets outlets;
    private final Deque<AuditEntry> last = new ArrayDeque<>();

    /** Continues the file, if there is one; {@link #last} returns what it holds, too. */
    public AuditLog(Path file, Outlets outlets) {
        this.file = new LineLog(file, FORMAT);
        this.outlets = outlets;
        try {
            if (Files.exists(file)) {
                String text = new String(
                        Files.readAllBytes(file), StandardCharsets.UTF_8); // whatever it holds
                long damaged =
                        text.lines().filter(line -> !remember(file, line)).count();
                if (damaged > 0) {
                    log.warn("{}: {} lines are damaged and not shown", file, damaged);
                }
            }
        } catch (IOException e) {
            log.warn("{} can't be read: {}", file, e.toString());
        }
    }

    private boolean remember(Path file, String line) {
        try {
            remember(Codec.read(line, AuditEntry.class));
            return true;
        } catch (ProtocolException e) {
            log.debug("{}: {}", file, e.getMessage());
            return false;
        }
    }

    private void remember(AuditEntry entry) {
        if (last.size() == CAPACITY) {
            last.removeFirst();
        }
        last.addLast(entry);
    }

    /**
     * Keeps that somebody asked for a change, and what came of it.
     *
     * @param user who asked
     * @param domain what it is about, unless that is the manager or is not known
     * @param outcome {@code done}, or why it was refused
     * @param arguments what else was asked for
     */
    public synchronized void record(
            String user,
            String verb,
            Optional<Notice.Domain> domain,
            String outcome,
            Map<String, String> arguments) {
        AuditEntry entry = new AuditEntry(
                Instant.now(),
                user,
                verb,
                domain.map(Notice.Domain::name),
                domain.map(Notice.Domain::uuid),
                outcome,
                Optional.of(arguments));
        remember(entry);
        String change = "user " + user + ": " + verb
                + domain.map(each -> " of " + each.name()).orElse("") + ": " + outcome;
        log.info("{}", change);
        file.append(StandardCharsets.UTF_8.encode(Codec.write(entry) + "\n"), 1);
        Map<String, String> data = new LinkedHashMap<>(arguments);
        data.putAll(Map.of("user", user, "verb", verb, "outcome", outcome));
        outlets.accept(new Notice(
                entry.time(),
                Notice.Kind.AUDIT,
                Notice.Severity.NOTICE,
                domain,
                change,
                Codec.write(data)));
    }

    /** Returns the latest entries, oldest first. */
    public synchronized List<AuditEntry> last(int limit) {
        return last.stream().skip(Math.max(0, last.size() - Math.max(0, limit))).toList();
    }

    @Override
    public void close() {
        file.close();
    }
}
