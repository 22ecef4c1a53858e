// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;
import java.util.UUID;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What stays in the state directories of domains that are not under SIM any more: their logs and
 * memory dumps, for the time and up to the size that are configured. All else goes when such a
 * domain is retired, which is when the file {@code retired} is made.
 */
public final class DomainHistory {
    private static final Logger log = LoggerFactory.getLogger(DomainHistory.class);
    private static final String RETIRED = "retired";
    private static final String INCIDENTS = "incidents.jsonl";
    private static final String DUMP = "memory-";

    private final DomainDirectories directories;
    private final Supplier<Limits> limits;
    private final InstantSource clock;

    /**
     * How much is kept.
     *
     * @param time since a domain was retired
     * @param bytes of all retired domains together
     * @param eventLog the file that events are logged to; relative to a domain's directory, or the
     *     log of all domains, which is not a domain's history
     */
    public record Limits(Duration time, long bytes, Path eventLog) {
        public Limits {
            Objects.requireNonNull(time, "time");
            Objects.requireNonNull(eventLog, "eventLog");
        }
    }

    /** A retired domain's directory. */
    private record Retired(UUID domain, Path directory, Instant since, long bytes) {}

    /** Runs an action on a domain's directory, unless the domain needs it. */
    @FunctionalInterface
    public interface Guard {
        void unlessNeeded(UUID domain, Runnable action);
    }

    public DomainHistory(DomainDirectories directories, Supplier<Limits> limits) {
        this(directories, limits, InstantSource.system());
    }

    DomainHistory(DomainDirectories directories, Supplier<Limits> limits, InstantSource clock) {
        this.directories = directories;
        this.limits = limits;
        this.clock = clock;
    }

    /** The domain is not under SIM any more: removes what is no history. May be called again. */
    public void retire(UUID domain) {
        Path directory = directories.state(domain);
        if (!Files.isDirectory(directory) || Files.exists(directory.resolve(RETIRED))) {
            return;
        }
        try {
            for (Path file : list(directory)) {
                if (!isHistory(file.getFileName().toString())) {
                    delete(file);
                }
            }
            Path marker = Files.createFile(directory.resolve(RETIRED));
            Files.setLastModifiedTime(marker, FileTime.from(clock.instant()));
        } catch (IOException e) {
            log.warn("{} can't be cleaned: {}", directory, e.toString());
        }
    }

    /** The domain is under SIM, again perhaps: its history goes on. */
    public void resume(UUID domain) {
        try {
            Files.deleteIfExists(directories.state(domain).resolve(RETIRED));
        } catch (IOException e) {
            log.warn("{}", e.toString());
        }
    }

    /** Retires the domains that left a directory. */
    public void retireAll(Guard guard) {
        for (UUID domain : domains()) {
            guard.unlessNeeded(domain, () -> retire(domain));
        }
    }

    /** Removes the histories of retired domains beyond the limits. */
    public void prune(Guard guard) {
        List<Retired> retired = new ArrayList<>();
        for (UUID domain : domains()) {
            Path directory = directories.state(domain);
            try {
                Path marker = directory.resolve(RETIRED);
                if (Files.exists(marker)) {
                    Instant since = Files.getLastModifiedTime(marker).toInstant();
                    retired.add(new Retired(domain, directory, since, size(directory)));
                }
            } catch (IOException e) {
                log.warn("{}: {}", directory, e.toString());
            }
        }
        retired.sort(Comparator.comparing(Retired::since).reversed());
        removeBeyondLimits(retired, guard);
    }

    /** @param retired youngest first */
    private void removeBeyondLimits(List<Retired> retired, Guard guard) {
        Limits now = limits.get();
        Instant oldest = clock.instant().minus(now.time());
        long bytes = 0;
        for (Retired each : retired) {
            bytes += each.bytes();
            if (!each.since().isAfter(oldest) || bytes > now.bytes()) {
                guard.unlessNeeded(each.domain(), () -> {
                    if (Files.exists(each.directory().resolve(RETIRED))) {
                        remove(each.directory());
                    }
                });
            }
        }
    }

    private List<UUID> domains() {
        try {
            return list(directories.states()).stream()
                    .flatMap(directory -> DomainDirectories.domainOfState(directory).stream())
                    .toList();
        } catch (IOException e) {
            log.warn("old histories can't be looked for: {}", e.toString());
            return List.of();
        }
    }

    private static void remove(Path directory) {
        try {
            delete(directory);
            log.info("{}: removed, as 'history.days' and 'history.size' say", directory);
        } catch (IOException e) {
            log.warn("{} can't be removed: {}", directory, e.toString());
        }
    }

    private boolean isHistory(String name) {
        if (name.startsWith(DUMP)) {
            return true;
        }
        Path events = limits.get().eventLog();
        return Stream.of(INCIDENTS, events.isAbsolute() ? "" : events.getName(0).toString())
                .anyMatch(log -> name.equals(log)
                        || (name.startsWith(log + ".")
                                && name.substring(log.length() + 1).matches("\\d+")));
    }

    private static List<Path> list(Path directory) throws IOException {
        try (Stream<Path> listed = Files.list(directory)) {
            return listed.toList();
        } catch (NoSuchFileException e) {
            return List.of();
        }
    }

    private static long size(Path directory) throws IOException {
        long[] bytes = new long[1];
        Files.walkFileTree(directory, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
                bytes[0] += attributes.size();
                return FileVisitResult.CONTINUE;
            }
        });
        return bytes[0];
    }

    /** Deletes a file, or a directory with all in it; follows no link. */
    private static void delete(Path path) throws IOException {
        Files.walkFileTree(path, new SimpleFileVisitor<>() {
            @Override
            public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                    throws IOException {
                Files.delete(file);
                return FileVisitResult.CONTINUE;
            }

            @Override
            public FileVisitResult postVisitDirectory(Path directory, IOException failure)
                    throws IOException {
                Files.delete(directory);
                return FileVisitResult.CONTINUE;
            }
        });
    }
}
