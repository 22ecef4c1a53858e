// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.incident;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import java.util.function.Predicate;
import org.simvm.policy.Incident;
import org.simvm.protocol.Codec;
import org.simvm.settings.ViolationKind;
import org.simvm.state.LineLog;
import org.simvm.state.StateFile;

/**
 * A domain's violations and findings: the last ones in memory, all of them as JSON lines in
 * {@code incidents.jsonl} of its state directory. The file is put aside as
 * {@code incidents.jsonl.1} when it is long, so that a guest that breaks rules all day fills no
 * disk.
 */
public final class IncidentLog {
    /** Incidents kept in memory. */
    public static final int CAPACITY = 1000;

    private static final LineLog.Format FORMAT =
            new LineLog.Format("incidents", 16L << 20, 1, "rw-------", StateFile.Safety.PROCESS);

    private final LineLog file;
    private final Deque<Incident> incidents = new ArrayDeque<>();
    private final List<Consumer<Incident>> followers = new CopyOnWriteArrayList<>();
    private final Map<String, Long> violations = new TreeMap<>();
    private final Map<String, Long> findings = new TreeMap<>();

    public IncidentLog(Path stateDirectory) {
        this.file = new LineLog(stateDirectory.resolve("incidents.jsonl"), FORMAT);
    }

    /** Keeps an incident; a full disk costs the line in the file. */
    public synchronized void record(Incident incident) {
        if (incidents.size() == CAPACITY) {
            incidents.removeFirst();
        }
        incidents.addLast(incident);
        count(incident);
        file.append(
                StandardCharsets.UTF_8.encode(Codec.write(IncidentReports.of(incident)) + "\n"), 1);
        file.close(); // a domain's incidents are few, and domains may be many
    }

    private void count(Incident incident) {
        if (incident instanceof Incident.Broken broken) {
            String kind =
                    broken.violation().knownKind().map(ViolationKind::xmlName).orElse("unknown");
            violations.merge(kind, 1L, Long::sum);
        } else if (incident instanceof Incident.Found found) {
            findings.merge(found.finding().findingClass().xmlName(), 1L, Long::sum);
        }
    }

    /** Tells those who follow the domain. */
    public void alert(Incident incident) {
        followers.forEach(follower -> follower.accept(incident));
    }

    /**
     * Calls {@code follower} at each alert, on the thread that raised it, until it is removed. It
     * must not block.
     */
    public void follow(Consumer<Incident> follower) {
        followers.add(follower);
    }

    public void unfollow(Consumer<Incident> follower) {
        followers.remove(follower);
    }

    /**
     * Returns what is in memory and wanted, at most {@code limit}, the youngest of them, oldest
     * first.
     */
    public synchronized List<Incident> last(int limit, Predicate<Incident> wanted) {
        List<Incident> found = incidents.stream().filter(wanted).toList();
        return found.subList(Math.max(0, found.size() - limit), found.size());
    }

    /** Counts violations since the manager was started, by kind. */
    public synchronized Map<String, Long> violations() {
        return Map.copyOf(violations);
    }

    /** Counts findings since the manager was started, by class. */
    public synchronized Map<String, Long> findings() {
        return Map.copyOf(findings);
    }

    /** Sums up such counts. */
    public static long sum(Map<String, Long> counts) {
        return counts.values().stream().mapToLong(Long::longValue).sum();
    }
}
