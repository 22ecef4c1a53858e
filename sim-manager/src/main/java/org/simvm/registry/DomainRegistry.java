// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.registry;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.simvm.state.DomainDirectories;

/** All domains that the manager knows, by UUID. */
public final class DomainRegistry {
    private final DomainDirectories directories;
    private final ManagedDomain.Listener listener;
    private final ConcurrentHashMap<UUID, ManagedDomain> domains = new ConcurrentHashMap<>();

    /** @param listener told what becomes of each domain */
    public DomainRegistry(DomainDirectories directories, ManagedDomain.Listener listener) {
        this.directories = directories;
        this.listener = listener;
    }

    /** Returns a domain; it is new if nobody named it before. */
    public ManagedDomain get(UUID uuid, String name) {
        ManagedDomain domain = domains.computeIfAbsent(
                uuid, key -> new ManagedDomain(uuid, name, directories.state(uuid), listener));
        domain.name(name);
        return domain;
    }

    public Optional<ManagedDomain> known(UUID uuid) {
        return Optional.ofNullable(domains.get(uuid));
    }

    /** Forgets a domain, unless it has a session. */
    public void forget(UUID uuid) {
        domains.computeIfPresent(
                uuid, (key, domain) -> domain.session().isPresent() ? domain : null);
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

    /** Finds a domain as virsh does: by number of a running one, by name, by UUID. */
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
        return Optional.empty();
    }
}
