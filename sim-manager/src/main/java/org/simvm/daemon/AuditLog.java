// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simvm.control.Request;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.state.LineFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who changed what, when, and whether it was done: a line of JSON for each request that changes
 * something, in a file, and a notice. A line is on disk when {@link #record} returns. The file is
 * put aside as {@code audit.jsonl.1} when it is long.
 */
final class AuditLog implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AuditLog.class);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final long MAX_FILE_BYTES = 16L << 20;
    private static final int CAPACITY = 1000;
    private static final int LONGEST_VALUE = 4096;

    private final Path file;
    private final Outlets outlets;
    private final Deque<ObjectNode> last = new ArrayDeque<>();
    private FileChannel channel;

    /** Goes on with the file, if there is one; what it holds can be asked for. */
    AuditLog(Path file, Outlets outlets) {
        this.file = file;
        this.outlets = outlets;
        try {
            if (Files.exists(file)) {
                String text = new String(
                        Files.readAllBytes(file), StandardCharsets.UTF_8); // whatever it holds
                long damaged = text.lines().filter(line -> !remember(line)).count();
                if (damaged > 0) {
                    log.warn("{}: {} lines are damaged and not shown", file, damaged);
                }
            }
        } catch (IOException e) {
            log.warn("{} can't be read: {}", file, e.toString());
        }
    }

    private boolean remember(String line) {
        try {
            if (JSON.readTree(line) instanceof ObjectNode entry) {
                remember(entry);
                return true;
            }
        } catch (JsonProcessingException e) {
            log.debug("{}: {}", file, e.getOriginalMessage());
        }
        return false;
    }

    private void remember(ObjectNode entry) {
        if (last.size() == CAPACITY) {
            last.removeFirst();
        }
        last.addLast(entry);
    }

    /** Keeps that somebody asked for a change, and what came of it. */
    synchronized void record(Request request, Optional<ManagedDomain> domain, String outcome) {
        ObjectNode details = JsonNodeFactory.instance.objectNode();
        request.arguments().fields().forEachRemaining(each -> {
            String value = each.getValue().isTextual()
                    ? each.getValue().textValue()
                    : each.getValue().toString();
            if (!Set.of("verb", "domain").contains(each.getKey())
                    && each.getKey().matches("[a-zA-Z]{1,30}")
                    && value.length() <= LONGEST_VALUE) {
                details.put(each.getKey(), value);
            }
        });
        Optional<Notice.Domain> named =
                domain.map(each -> new Notice.Domain(each.uuid(), each.name()));
        record(request.peer().user(), request.verb(), named, outcome, details);
    }

    /** Keeps a change; {@code user} is who asked for it. */
    synchronized void record(
            String user,
            String verb,
            Optional<Notice.Domain> domain,
            String outcome,
            ObjectNode details) {
        ObjectNode entry = JsonNodeFactory.instance
                .objectNode()
                .put("time", Instant.now().toString())
                .put("user", user)
                .put("verb", verb);
        domain.ifPresent(
                each -> entry.put("domain", each.name()).put("uuid", each.uuid().toString()));
        entry.put("outcome", outcome);
        if (!details.isEmpty()) {
            entry.set("arguments", details);
        }
        remember(entry);
        log.info(
                "user {}: {}{}: {}",
                user,
                verb,
                domain.map(each -> " of " + each.name()).orElse(""),
                outcome);
        try {
            write(entry.toString() + "\n");
        } catch (IOException e) {
            log.error(
                    "{}: who changed what can't be kept ({}); make room or correct the permissions",
                    file,
                    e.toString());
        }
        outlets.accept(Notices.audit(user, verb, domain, outcome, details));
    }

    private void write(String line) throws IOException {
        if (channel != null && channel.size() > MAX_FILE_BYTES) {
            close();
            Files.move(
                    file,
                    file.resolveSibling(file.getFileName() + ".1"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        if (channel == null) {
            LineFiles.mend(file);
            channel = FileChannel.open(
                    file,
                    Set.of(
                            StandardOpenOption.CREATE,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.APPEND),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
        }
        ByteBuffer bytes = ByteBuffer.wrap(line.getBytes(StandardCharsets.UTF_8));
        while (bytes.hasRemaining()) {
            channel.write(bytes);
        }
        channel.force(false);
    }

    /** Returns the youngest entries, oldest first. */
    synchronized List<ObjectNode> last(int limit) {
        return last.stream().skip(Math.max(0, last.size() - Math.max(0, limit))).toList();
    }

    @Override
    public synchronized void close() {
        try {
            if (channel != null) {
                channel.close();
            }
        } catch (IOException e) {
            log.debug("{}: {}", file, e.toString());
        }
        channel = null;
    }
}
