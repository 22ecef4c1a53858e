// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

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
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.simvm.policy.Incident;
import org.simvm.settings.ViolationKind;
import org.simvm.state.LineFiles;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A domain's violations and findings: the last ones in memory, all of them as JSON lines in
 * {@code incidents.jsonl} of its state directory. The file is put aside as
 * {@code incidents.jsonl.1} when it is long, so that a guest that breaks rules all day fills no
 * disk.
 */
final class IncidentLog {
    /** Incidents kept in memory. */
    static final int CAPACITY = 1000;

    private static final long MAX_FILE_BYTES = 16L << 20;
    private static final Logger log = LoggerFactory.getLogger(IncidentLog.class);

    private final Path file;
    private final Deque<Incident> incidents = new ArrayDeque<>();
    private final List<Consumer<Incident>> followers = new CopyOnWriteArrayList<>();
    private final Map<String, Long> violations = new TreeMap<>();
    private final Map<String, Long> findings = new TreeMap<>();
    private boolean failing;
    private boolean mended;

    IncidentLog(Path stateDirectory) {
        this.file = stateDirectory.resolve("incidents.jsonl");
    }

    /** Keeps an incident. A disk that is full costs the line in the file, which is said once. */
    synchronized void record(Incident incident) {
        if (incidents.size() == CAPACITY) {
            incidents.removeFirst();
        }
        incidents.addLast(incident);
        incident.violation()
                .ifPresent(violation -> violations.merge(
                        violation.knownKind().map(ViolationKind::xmlName).orElse("unknown"),
                        1L,
                        Long::sum));
        incident.finding()
                .ifPresent(
                        finding -> findings.merge(finding.findingClass().xmlName(), 1L, Long::sum));
        try {
            write(IncidentJson.of(incident));
            failing = false;
        } catch (IOException e) {
            if (!failing) {
                log.error(
                        "{}: incidents can't be written ({}); make room or correct the permissions",
                        file,
                        e.toString());
            }
            failing = true;
        }
    }

    private void write(ObjectNode incident) throws IOException {
        if (Files.exists(file) && Files.size(file) > MAX_FILE_BYTES) {
            Files.move(
                    file,
                    file.resolveSibling(file.getFileName() + ".1"),
                    StandardCopyOption.REPLACE_EXISTING);
        }
        if (!mended) {
            LineFiles.mend(file);
            mended = true;
        }
        try (FileChannel channel = FileChannel.open(
                file,
                Set.of(
                        StandardOpenOption.CREATE,
                        StandardOpenOption.WRITE,
                        StandardOpenOption.APPEND),
                PosixFilePermissions.asFileAttribute(
                        PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer bytes =
                    ByteBuffer.wrap((incident.toString() + "\n").getBytes(StandardCharsets.UTF_8));
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
        }
    }

    /** Tells those who follow the domain. */
    void alert(Incident incident) {
        followers.forEach(follower -> follower.accept(incident));
    }

    /**
     * Calls {@code follower} at each alert, on the thread that raised it, until it is removed. It
     * must not block.
     */
    void follow(Consumer<Incident> follower) {
        followers.add(follower);
    }

    void unfollow(Consumer<Incident> follower) {
        followers.remove(follower);
    }

    /**
     * Returns what is in memory and wanted, at most {@code limit}, the youngest of them, oldest
     * first.
     */
    synchronized List<Incident> last(int limit, Predicate<Incident> wanted) {
        List<Incident> found = incidents.stream().filter(wanted).toList();
        return found.subList(Math.max(0, found.size() - limit), found.size());
    }

    /** Counts violations since the manager was started, by kind. */
    synchronized Map<String, Long> violations() {
        return Map.copyOf(violations);
    }

    /** Counts findings since the manager was started, by class. */
    synchronized Map<String, Long> findings() {
        return Map.copyOf(findings);
    }

    /** Sums up such counts. */
    static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
