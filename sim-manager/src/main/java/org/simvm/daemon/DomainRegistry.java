// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.util.Collection;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.ConcurrentHashMap;
import org.simvm.control.ControlException;
import org.simvm.settings.ManagerSettings;

/** All domains that the manager knows, by UUID. */
final class DomainRegistry {
    private final ManagerSettings settings;
    private final ManagedDomain.Listener listener;
    private final ConcurrentHashMap<UUID, ManagedDomain> domains = new ConcurrentHashMap<>();

    /** @param listener told what becomes of each domain */
    DomainRegistry(ManagerSettings settings, ManagedDomain.Listener listener) {
        this.settings = settings;
        this.listener = listener;
    }

    /** Returns a domain; it is new if nobody named it before. */
    ManagedDomain get(UUID uuid, String name) {
        ManagedDomain domain = domains.computeIfAbsent(
                uuid,
                key -> new ManagedDomain(uuid, name, settings.stateDirectory(uuid), listener));
        domain.name(name);
        return domain;
    }

    Optional<ManagedDomain> known(UUID uuid) {
        return Optional.ofNullable(domains.get(uuid));
    }

    /** Forgets a domain, unless it has a session. */
    void forget(UUID uuid) {
        domains.computeIfPresent(
                uuid, (key, domain) -> domain.session().isPresent() ? domain : null);
    }

    /**
     * Makes sure that a domain which has just got a session was not forgotten the moment before.
     */
    void keep(ManagedDomain domain) {
        domains.put(domain.uuid(), domain);
    }

    Collection<ManagedDomain> all() {
        return List.copyOf(domains.values());
    }

    List<ManagedDomain> byName() {
        return domains.values().stream()
                .sorted(Comparator.comparing(ManagedDomain::name))
                .toList();
    }

    /** Finds a domain as virsh does: by number of a running one, by name, by UUID. */
    ManagedDomain find(String text) throws ControlException {
        for (ManagedDomain domain : domains.values()) {
            if (domain.id().isPresent()
                    && Integer.toString(domain.id().getAsInt()).equals(text)) {
                return domain;
            }
        }
        for (ManagedDomain domain : domains.values()) {
            if (domain.name().equals(text) || domain.uuid().toString().equalsIgnoreCase(text)) {
                return domain;
            }
        }
        throw new ControlException(
                "there is no domain '" + text + "'; 'virt-sim list' shows those there are");
    }
}
