// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.registry;

import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.stream.Stream;
import org.simvm.prepare.DomainSpec;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.prepare.RunDirectory;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.session.DomainSession;
import org.simvm.session.SessionContext;
import org.simvm.session.SessionNotes;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.SettingsException;
import org.simvm.state.DomainDirectories;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Opens and ends sessions, and takes up those that an earlier manager left. */
public final class SessionKeeper {
    private static final Logger log = LoggerFactory.getLogger(SessionKeeper.class);

    private final DomainRegistry registry;
    private final Preparation preparation;
    private final SessionContext context;
    private final DomainDirectories directories;

    public SessionKeeper(DomainRegistry registry, Preparation preparation, SessionContext context) {
        this.registry = registry;
        this.preparation = preparation;
        this.context = context;
        this.directories = context.directories();
    }

    /** Returns the copy of a running domain's XML, as it was when it was prepared. */
    public static Path keptXml(DomainDirectories directories, UUID domain) {
        return directories.state(domain).resolve("session.xml");
    }

    /** Puts a domain's new session in place. It does nothing until QEMU is about to start. */
    public DomainSession open(ManagedDomain domain, DomainSpec spec, RegionFile region) {
        DomainSession[] self = new DomainSession[1];
        self[0] = new DomainSession(
                spec, region, context, domain.outputs(), domain, () -> end(self[0]));
        domain.session(self[0]).ifPresent(DomainSession::close);
        registry.keep(domain);
        return self[0];
    }

    /** Ends a session and removes the run directory. May be called again. */
    public void end(DomainSession session) {
        UUID uuid = session.spec().domain();
        session.close();
        registry.known(uuid).ifPresent(domain -> {
            // A session that was replaced does not own the directory any more.
            if (domain.endSession(session)) {
                RunDirectory.remove(directories.run(uuid));
                forgetXml(uuid);
            }
        });
    }

    /**
     * Ends what a domain has soon, on its worker, unless it has been prepared anew by then; a
     * transient one is forgotten.
     */
    public void releaseLater(ManagedDomain domain) {
        Optional<DomainSession> released = domain.session();
        context.workers().submit(domain.uuid(), "ending the session", () -> {
            released.ifPresent(this::end);
            registry.retire(domain);
            if (!domain.persistent() && !domain.active()) {
                registry.forget(domain.uuid());
            }
        });
    }

    private void forgetXml(UUID uuid) {
        try {
            Files.deleteIfExists(keptXml(directories, uuid));
            SessionNotes.forget(directories.state(uuid));
        } catch (IOException e) {
            log.warn("{}", e.toString());
        }
    }

    /**
     * Closes all sessions and leaves guests and run directories as they are, for the next manager.
     */
    public void leaveAll() {
        for (ManagedDomain domain : registry.all()) {
            domain.session().ifPresent(DomainSession::close);
        }
    }

    /** Takes up the guests that run under SIM, and clears away what dead ones left. */
    public void adoptAll() {
        Path directory = directories.runs();
        List<Path> found;
        try (Stream<Path> listed = Files.list(directory)) {
            found = listed.toList();
        } catch (IOException e) {
            log.warn("can't look for running guests in {}: {}", directory, e.toString());
            return;
        }
        for (Path each : found) {
            DomainDirectories.domainOfRun(each).ifPresent(uuid -> adopt(uuid, each));
        }
    }

    private void adopt(UUID uuid, Path directory) {
        boolean waitsForQemu = Files.exists(directory.resolve("launch"));
        if (!waitsForQemu && !answers(directory.resolve("qmp.sock"))) {
            log.info("{}: QEMU is gone, clearing away {}", uuid, directory);
            RunDirectory.remove(directory);
            forgetXml(uuid);
            return;
        }
        try {
            DomainDocument document = DomainDocument.parse(
                    Files.readString(keptXml(directories, uuid)), uuid.toString());
            DomainSpec spec = preparation
                    .specOfRunning(document, directory.resolve("region"))
                    .orElseThrow(() ->
                            new PreparationException("its XML has no <sim:sim> element", null));
            RegionFile region = RegionFile.attach(directory.resolve("region"), spec.plan());
            ManagedDomain domain = registry.get(uuid, spec.name());
            DomainSession session = open(domain, spec, region);
            log.info("{} ({}): taken up from an earlier manager", spec.name(), uuid);
            if (!waitsForQemu) {
                domain.active(true);
                session.begin();
            }
        } catch (IOException | SettingsException | PreparationException | RegionException e) {
            log.error(
                    "{}: a guest runs under SIM but can't be taken up: {}; it is not watched "
                            + "until it is started anew",
                    uuid,
                    e.getMessage());
        }
    }

    /** A socket file stays when its QEMU is killed, but nobody accepts any more. */
    private static boolean answers(Path socket) {
        try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }
}
