// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.registry;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.domain.DomainState;
import org.simvm.integrity.CheckReport;
import org.simvm.state.DomainDirectories;
import org.simvm.state.DomainHistory;

@DisplayName("The registry of domains")
class DomainRegistryTests {
    private static final UUID DOMAIN = new UUID(7, 1);

    @TempDir
    Path folder;

    private DomainDirectories directories;
    private DomainRegistry registry;
    private Duration time = Duration.ofDays(1);

    @BeforeEach
    void make() throws IOException {
        directories = new DomainDirectories(folder.resolve("run"), folder.resolve("state"));
        Files.createDirectories(directories.state(DOMAIN));
        Files.createFile(directories.state(DOMAIN).resolve("baseline.json"));
        DomainHistory history = new DomainHistory(
                directories,
                () -> new DomainHistory.Limits(time, 1 << 20, Path.of("events.jsonl")));
        registry = new DomainRegistry(directories, history, new ManagedDomain.Listener() {
            @Override
            public void changed(ManagedDomain domain, DomainState before, DomainState now) {}

            @Override
            public void checked(ManagedDomain domain, CheckReport report) {}
        });
    }

    @Test
    @DisplayName("finds a domain that is gone by its UUID, and lists it no more")
    void gone() {
        ManagedDomain domain = registry.get(DOMAIN, "web");
        registry.forget(DOMAIN);
        assertEquals(List.of(), registry.byName());
        assertEquals(Optional.empty(), registry.find("web"));
        assertSame(domain, registry.find(DOMAIN.toString()).orElseThrow());
        assertFalse(Files.exists(directories.state(DOMAIN).resolve("baseline.json")));
        registry.pruneHistory();
        assertSame(domain, registry.find(DOMAIN.toString()).orElseThrow());
        assertSame(domain, registry.get(DOMAIN, "web"), "its history goes on");
    }

    @Test
    @DisplayName("keeps nothing of a domain whose time is over")
    void over() {
        registry.get(DOMAIN, "web");
        registry.forget(DOMAIN);
        time = Duration.ZERO;
        registry.pruneHistory();
        assertEquals(Optional.empty(), registry.find(DOMAIN.toString()));
        assertFalse(Files.exists(directories.state(DOMAIN)));
    }

    @Test
    @DisplayName("cleans up behind a domain that an earlier manager knew, not behind one it knows")
    void cleans() {
        ManagedDomain domain = registry.get(DOMAIN, "web");
        domain.persistent(true);
        registry.pruneHistory();
        assertTrue(
                Files.exists(directories.state(DOMAIN).resolve("baseline.json")),
                "its settings were not read yet");
        registry.retire(domain);
        assertFalse(Files.exists(directories.state(DOMAIN).resolve("baseline.json")));
    }
}
