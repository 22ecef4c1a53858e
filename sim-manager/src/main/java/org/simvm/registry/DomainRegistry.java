// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.registry;

import java.nio.file.Files;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Predicate;
import org.simvm.state.DomainDirectories;
import org.simvm.state.DomainHistory;

/** All domains that the manager knows, by UUID. */
public final class DomainRegistry {
    /** Domains whose latest events and incidents stay in memory when they are gone. */
    static final int FORMER = 64;

    private final DomainDirectories directories;
    private final ManagedDomain.Listener listener;
    private final ConcurrentHashMap<UUID, ManagedDomain> domains = new ConcurrentHashMap<>();

    private final DomainHistory history;
    /** Those that were forgotten last, youngest at the end. */
    private final Map<UUID, ManagedDomain> former =
            Collections.synchronizedMap(new LinkedHashMap<>() {
                @Override
                protected boolean removeEldestEntry(Map.Entry<UUID, ManagedDomain> eldest) {
                    return size() > FORMER;
                }
            });

    /** @param listener told what becomes of each domain */
    public DomainRegistry(
            DomainDirectories directories, DomainHistory history, ManagedDomain.Listener listener) {
        this.directories = directories;
        this.history = history;
        this.listener = listener;
    }

    /** Returns a domain; it is new if nobody named it before. */
    public ManagedDomain get(UUID uuid, String name) {
        ManagedDomain domain = domains.computeIfAbsent(uuid, key -> {
            ManagedDomain known = former.remove(uuid);
            return known != null
                    ? known
                    : new ManagedDomain(uuid, name, directories.state(uuid), listener);
        });
        domain.name(name);
        return domain;
    }

    public Optional<ManagedDomain> known(UUID uuid) {
        return Optional.ofNullable(domains.get(uuid));
    }

    /**
     * Forgets a domain that is neither defined nor runs, unless it has a session. Its history can
     * be read by UUID as long as {@link DomainHistory} keeps it.
     */
    public void forget(UUID uuid) {
        domains.computeIfPresent(uuid, (key, domain) -> {
            if (domain.session().isPresent()) {
                return domain;
            }
            former.put(uuid, domain);
            history.retire(uuid);
            return null;
        });
    }

    /** Keeps no more than the history of a domain whose settings were read, if it has none. */
    public void retire(ManagedDomain domain) {
        if (domain.canBeRetired()) {
            history.retire(domain.uuid());
        }
    }

    /** Goes on with the history of a domain that is under SIM. */
    public void resume(ManagedDomain domain) {
        history.resume(domain.uuid());
    }

    /**
     * Cleans up behind domains that are not known, and removes what is kept beyond the limits. Call
     * it when all domains that there are have been named.
     */
    public void pruneHistory() {
        history.retireAll((uuid, action) -> runIf(uuid, domain -> domain == null, action));
        history.prune((uuid, action) ->
                runIf(uuid, domain -> domain == null || domain.canBeRetired(), action));
        former.keySet().removeIf(uuid -> !Files.isDirectory(directories.state(uuid)));
    }

    /**
     * Makes sure that a domain which has just got a session was not forgotten the moment before.
     */
    public void keep(ManagedDomain domain) {
        domains.put(domain.uuid(), domain);
    }

    public Collection<ManagedDomain> all() {
        return List.copyOf(domains.values());
    }

    public List<ManagedDomain> byName() {
        return domains.values().stream()
                .sorted(Comparator.comparing(ManagedDomain::name))
                .toList();
    }

    /**
     * Finds a domain as virsh does: by number of a running one, by name, by UUID; one that is gone,
     * by UUID.
     */
    public Optional<ManagedDomain> find(String text) {
        for (ManagedDomain domain : domains.values()) {
            if (domain.id().isPresent()
                    && Integer.toString(domain.id().getAsInt()).equals(text)) {
                return Optional.of(domain);
            }
        }
        for (ManagedDomain domain : domains.values()) {
            if (domain.name().equals(text) || domain.uuid().toString().equalsIgnoreCase(text)) {
                return Optional.of(domain);
            }
        }
        return former(text);
    }

    /** Runs an action while nobody can name the domain for the first time. */
    private void runIf(UUID uuid, Predicate<ManagedDomain> condition, Runnable action) {
        domains.compute(uuid, (key, domain) -> {
            if (condition.test(domain)) {
                action.run();
            }
            return domain;
        });
    }

    /** Returns a domain that is gone; names may be another's by now. */
    private Optional<ManagedDomain> former(String text) {
        try {
            return Optional.ofNullable(former.get(UUID.fromString(text)));
        } catch (IllegalArgumentException e) {
            return Optional.empty();
        }
    }
}
