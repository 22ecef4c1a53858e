// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.reconcile;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.libvirt.DomainId;
import org.simvm.libvirt.DomainTransform;
import org.simvm.libvirt.Domains;
import org.simvm.libvirt.LibvirtEvent;
import org.simvm.libvirt.LibvirtException;
import org.simvm.prepare.PatchedQemu;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.session.DomainSession;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.FindingClass;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;
import org.simvm.state.DomainDirectories;
import org.simvm.workers.DomainWorkers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Follows libvirt: learns which domains there are, and keeps the persistent XML of each as its
 * {@code <sim:sim>} element wants it. Nothing is polled; each domain is looked at when libvirt says
 * that it changed, on its own worker.
 */
public final class Reconciler {
    private static final Logger log = LoggerFactory.getLogger(Reconciler.class);
    private static final String UNASKED =
            "SIM was not asked when it was started (no sim-manager ran, libvirt's"
                    + " hook is missing, or its element is newer); see 'virt-sim "
                    + "host-validate', then start it anew";

    private final DomainRegistry registry;
    private final Domains libvirt;
    private final DomainWorkers workers;
    private final DomainTransform transform;
    private final Preparation preparation;
    private final DomainDirectories directories;

    /** @param preparation says whether this host has what an element names */
    public Reconciler(
            DomainRegistry registry,
            Domains libvirt,
            DomainWorkers workers,
            Path launcher,
            Preparation preparation,
            DomainDirectories directories) {
        this.registry = registry;
        this.libvirt = libvirt;
        this.workers = workers;
        this.transform = new DomainTransform(launcher);
        this.preparation = preparation;
        this.directories = directories;
    }

    /** Takes an event; never waits. */
    public void accept(LibvirtEvent event) {
        if (event instanceof LibvirtEvent.Connected connected) {
            log.info("connected to libvirt at {}", connected.uri());
            // A worker of nobody's: listing waits for domains whose hooks run.
            workers.submit(new UUID(0, 0), "listing the domains", this::listAll);
        } else if (event instanceof LibvirtEvent.Disconnected disconnected) {
            log.warn("libvirt is not reachable: {}", disconnected.reason());
        } else if (event instanceof LibvirtEvent.MetadataChanged changed) {
            ManagedDomain domain = registry.get(changed.domain(), changed.name());
            reconcileLater(domain);
            workers.submit(
                    changed.domain(),
                    "looking at the running domain's settings",
                    () -> watchLive(domain));
        } else if (event instanceof LibvirtEvent.Lifecycle lifecycle) {
            lifecycle(lifecycle);
        }
    }

    private void lifecycle(LibvirtEvent.Lifecycle event) {
        ManagedDomain domain = registry.get(event.domain(), event.name());
        switch (event.change()) {
            case DEFINED -> {
                domain.persistent(true);
                reconcileLater(domain);
            }
            case UNDEFINED -> {
                domain.persistent(false);
                workers.submit(domain.uuid(), "forgetting the domain", () -> forget(domain));
            }
            case STARTED -> {
                domain.active(true);
                reconcileLater(domain); // says so if the hook was not called
            }
            case RESUMED -> domain.session().ifPresent(DomainSession::resumed);
            case STOPPED, CRASHED -> {
                domain.active(false);
                workers.submit(domain.uuid(), "forgetting the domain", () -> forget(domain));
            }
            default -> log.debug("{}: {}", event.name(), event.change());
        }
    }

    private void listAll() {
        try {
            List<Domains.Domain> found = libvirt.list();
            Set<UUID> present = new HashSet<>();
            for (Domains.Domain each : found) {
                present.add(each.uuid());
                ManagedDomain domain = registry.get(each.uuid(), each.name());
                domain.active(each.active());
                domain.persistent(each.persistent());
                reconcileLater(domain);
            }
            for (ManagedDomain domain : registry.all()) {
                // One that only the hook has named yet is about to appear.
                boolean wasThere = domain.active() || domain.persistent();
                if (wasThere && !present.contains(domain.uuid())) {
                    registry.forget(domain.uuid());
                }
            }
            registry.pruneHistory();
        } catch (LibvirtException e) {
            log.warn("the domains can't be listed: {}", e.getMessage());
        }
    }

    /** Looks at a domain soon, on its worker. */
    public void reconcileLater(ManagedDomain domain) {
        workers.submit(domain.uuid(), "bringing the XML up to date", () -> {
            Optional<String> known = domain.problem();
            try {
                reconcile(domain);
            } catch (LibvirtException e) {
                if (e.reason() == LibvirtException.Cause.NO_DOMAIN) {
                    log.debug("{}: {}", domain.name(), e.getMessage());
                } else if (domain.problem().isEmpty()) {
                    log.warn(
                            "{}: its XML can't be brought up to date: {}",
                            domain.name(),
                            e.getMessage());
                }
            } catch (SettingsException e) {
                log.debug("{}: its XML is left alone", domain.name(), e);
            }
            domain.problem()
                    .filter(problem -> !known.equals(Optional.of(problem)))
                    .ifPresent(problem ->
                            log.warn("{}: can't be under SIM: {}", domain.name(), problem));
        });
    }

    /**
     * Reads a domain's persistent XML, changes it if it isn't as its element wants it, and sets or
     * removes the marker that forbids an unprepared start. Call it on the domain's worker.
     *
     * @throws SettingsException the element is wrong; nothing was changed
     */
    public void reconcile(ManagedDomain domain) throws LibvirtException, SettingsException {
        if (domain.active() && domain.id().isEmpty()) {
            domain.id(DomainId.of(libvirt.xml(domain.uuid(), Domains.Copy.LIVE)));
        }
        boolean persistent = domain.persistent();
        DomainDocument document;
        Optional<SimSettings> sim;
        try {
            document = DomainDocument.parse(
                    persistent
                            ? libvirt.definition(domain.uuid())
                            : libvirt.xml(domain.uuid(), Domains.Copy.LIVE),
                    domain.name());
            sim = SimSettingsReader.read(document);
        } catch (SettingsException e) {
            domain.settings(Optional.empty(), Optional.of(e.oneLine()));
            throw e;
        }
        RequiredMarker.set(
                directories.requiredMarker(domain.uuid()),
                sim.isPresent() && sim.get().required());
        if (sim.isPresent()) {
            registry.resume(domain);
        }
        // Whoever made a transient domain made its XML too.
        if (persistent && bringUpToDate(domain, document, sim)) {
            log.info(
                    "{}: {}",
                    domain.name(),
                    sim.isPresent() ? "under SIM from its next start on" : "no longer under SIM");
        }
        settled(domain, sim);
        if (persistent) {
            registry.retire(domain);
        }
    }

    private boolean bringUpToDate(
            ManagedDomain domain, DomainDocument document, Optional<SimSettings> sim)
            throws LibvirtException, SettingsException {
        if (sim.isEmpty()) {
            return takeOffSim(domain, document);
        }
        try {
            return putUnderSim(domain, document);
        } catch (SettingsException e) {
            domain.settings(sim, Optional.of(e.oneLine()));
            throw e;
        } catch (LibvirtException e) {
            if (e.isRefusal()) {
                domain.settings(
                        sim,
                        Optional.of("libvirt refuses it with SIM's emulator: " + e.getMessage()
                                + "; correct its XML, 'virt-sim apply --dry-run "
                                + domain.name() + "' says what is left"));
            }
            throw e;
        }
    }

    private boolean putUnderSim(ManagedDomain domain, DomainDocument document)
            throws LibvirtException, SettingsException {
        DomainTransform.Result result = transform.apply(document);
        if (result.changed()) {
            new FormerEmulator(directories.state(domain.uuid()))
                    .remember(result.previousEmulator());
            libvirt.define(result.xml());
        }
        return result.changed();
    }

    private boolean takeOffSim(ManagedDomain domain, DomainDocument document)
            throws LibvirtException, SettingsException {
        FormerEmulator former = new FormerEmulator(directories.state(domain.uuid()));
        DomainTransform.Result result = transform.remove(document, former.recall());
        if (!result.changed()) {
            return false;
        }
        try {
            libvirt.define(result.xml());
        } catch (LibvirtException e) {
            if (former.recall().isPresent()) {
                throw e;
            }
            defineWithPatchedQemu(domain, document, e);
        }
        return true;
    }

    /**
     * A domain that named the launcher from the beginning goes back to libvirt's default emulator;
     * a host may have none, and then SIM's QEMU runs guests without SIM, too.
     *
     * @param why libvirt did not take the domain
     */
    private void defineWithPatchedQemu(
            ManagedDomain domain, DomainDocument document, LibvirtException why)
            throws LibvirtException, SettingsException {
        Path qemu = PatchedQemu.pathOfLauncher();
        if (why.reason() == LibvirtException.Cause.NOT_CONNECTED || !Files.isExecutable(qemu)) {
            throw why;
        }
        libvirt.define(transform.remove(document, Optional.of(qemu)).xml());
        log.info(
                "{}: its emulator is {}, as libvirt has no default: {}",
                domain.name(),
                qemu,
                why.getMessage());
    }

    private void settled(ManagedDomain domain, Optional<SimSettings> sim) {
        domain.settings(sim, sim.flatMap(this::lacking));
        if (sim.isPresent() && domain.startedUnasked(UNASKED)) {
            log.warn("{}: runs without SIM: {}", domain.name(), UNASKED);
        }
    }

    /** Returns what the element asks for and this host has not, one line. */
    private Optional<String> lacking(SimSettings sim) {
        try {
            preparation.checkMonitors(sim);
            return Optional.empty();
        } catch (PreparationException e) {
            return Optional.of(e.getMessage());
        }
    }

    /** A policy that vanishes from a running domain is a finding: other tools wipe metadata. */
    private void watchLive(ManagedDomain domain) {
        Optional<DomainSession> session = domain.session();
        if (session.isEmpty() || !domain.active()) {
            return;
        }
        try {
            Optional<String> element = libvirt.metadata(domain.uuid(), Domains.Copy.LIVE);
            if (element.isEmpty()) {
                settingsLost(session.get(), "the running domain's <sim:sim> element was removed");
            } else {
                SimSettingsReader.read(DomainDocument.parse(element.get(), domain.name()));
                log.info(
                        "{}: settings changed; they take effect when the domain is started anew",
                        domain.name());
            }
        } catch (SettingsException e) {
            settingsLost(
                    session.get(),
                    "the running domain's <sim:sim> element is wrong: " + e.oneLine());
        } catch (LibvirtException e) {
            log.warn("{}: {}", domain.name(), e.getMessage());
        }
    }

    private static void settingsLost(DomainSession session, String found) {
        session.finding(Finding.ofManager(
                FindingClass.SETTINGS_LOST,
                FindingCode.SETTINGS_LOST,
                "metadata",
                "the settings that the guest was armed with, which stay in force until it ends",
                found));
    }

    /** Drops a domain that neither runs nor is defined any more. */
    private void forget(ManagedDomain domain) {
        registry.retire(domain);
        if (domain.active() || domain.persistent()) {
            return;
        }
        try {
            libvirt.xml(domain.uuid(), Domains.Copy.LIVE);
        } catch (LibvirtException e) {
            if (e.reason() == LibvirtException.Cause.NO_DOMAIN) {
                RequiredMarker.set(directories.requiredMarker(domain.uuid()), false);
                registry.forget(domain.uuid());
                registry.pruneHistory();
            }
        }
    }
}
