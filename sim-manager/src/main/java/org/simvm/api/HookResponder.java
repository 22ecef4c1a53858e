// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Optional;
import java.util.UUID;
import java.util.function.BooleanSupplier;
import org.simvm.control.HookAnswer;
import org.simvm.control.HookCall;
import org.simvm.libvirt.DomainId;
import org.simvm.prepare.DomainSpec;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.region.RegionFile;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.registry.SessionKeeper;
import org.simvm.session.DomainSession;
import org.simvm.session.SessionNotes;
import org.simvm.settings.DomainDescription;
import org.simvm.settings.DomainDescriptionReader;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.SettingsException;
import org.simvm.state.DomainDirectories;
import org.simvm.state.StateFile;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Answers libvirt's hook, from the XML that it brings. libvirt waits for each answer and holds the
 * domain's lock: nothing here asks libvirt, and nothing here waits for a worker that does.
 */
public final class HookResponder {
    private static final Logger log = LoggerFactory.getLogger(HookResponder.class);

    private final DomainRegistry registry;
    private final Preparation preparation;
    private final SessionKeeper sessions;
    private final DomainDirectories directories;
    private final BooleanSupplier refusesInvalid;

    /** @param refusesInvalid whether a domain whose element can't be understood may not start */
    public HookResponder(
            DomainRegistry registry,
            Preparation preparation,
            SessionKeeper sessions,
            DomainDirectories directories,
            BooleanSupplier refusesInvalid) {
        this.registry = registry;
        this.preparation = preparation;
        this.sessions = sessions;
        this.directories = directories;
        this.refusesInvalid = refusesInvalid;
    }

    HookAnswer answer(HookCall call) {
        long started = System.nanoTime();
        HookAnswer answer = decide(call);
        log.info(
                "{}: hook {} answered in {} ms: {} {}",
                call.name(),
                call.operation(),
                (System.nanoTime() - started) / 1_000_000,
                answer.word(),
                answer.reason());
        return answer;
    }

    private HookAnswer decide(HookCall call) {
        try {
            DomainDocument document = DomainDocument.parse(call.xml(), call.name());
            if (call.operation().equals("prepare")) {
                return prepare(call, document);
            }
            DomainDescription description = DomainDescriptionReader.read(document);
            Optional<UUID> uuid = description.uuid();
            if (uuid.isEmpty()) {
                return new HookAnswer.Refuse("the XML of domain " + call.name() + " has no <uuid>");
            }
            ManagedDomain domain = registry.get(uuid.get(), call.name());
            return switch (call.operation()) {
                case "start" -> start(domain);
                case "started" -> started(domain, call);
                case "restore", "migrate" -> {
                    domain.announceIncoming();
                    yield new HookAnswer.Refuse(
                            "a guest is armed while it boots, so one that is restored or "
                                    + "migrated can't be; start it afresh (for a managed "
                                    + "save: virsh managedsave-remove)");
                }
                case "attach" ->
                    new HookAnswer.Refuse(
                            "a QEMU that libvirt did not start can't be armed; start the domain");
                case "stopped" -> {
                    domain.active(false);
                    yield HookAnswer.OK;
                }
                case "release" -> {
                    domain.active(false);
                    domain.ended();
                    sessions.releaseLater(domain);
                    yield HookAnswer.OK;
                }
                default -> HookAnswer.OK;
            };
        } catch (SettingsException e) {
            return misunderstood(e.oneLine());
        }
    }

    private HookAnswer misunderstood(String reason) {
        return refusesInvalid.getAsBoolean()
                ? new HookAnswer.Forbid(reason)
                : new HookAnswer.Refuse(reason);
    }

    private HookAnswer prepare(HookCall call, DomainDocument document) {
        try {
            Optional<DomainSpec> spec = preparation.spec(document);
            if (spec.isEmpty()) {
                return HookAnswer.OK;
            }
            ManagedDomain domain = registry.get(spec.get().domain(), call.name());
            domain.session().ifPresent(sessions::end);
            if (domain.takeIncoming()) {
                domain.unwatched("it was saved or comes from another host, so it runs without SIM "
                        + "until it is started afresh");
                return HookAnswer.OK;
            }
            RegionFile region = preparation.carryOut(spec.get());
            SessionNotes.forget(directories.state(spec.get().domain()));
            keepXml(spec.get().domain(), call.xml());
            domain.prepared();
            sessions.open(domain, spec.get(), region);
            return HookAnswer.OK;
        } catch (PreparationException e) {
            return notPrepared(call, document, e);
        }
    }

    /**
     * What was wrong is reported again when the domain runs all the same, and when somebody asks
     * why it is not watched. If its XML could not be brought up to date before, that is why.
     */
    private HookAnswer notPrepared(
            HookCall call, DomainDocument document, PreparationException why) {
        String reason = why.getMessage();
        try {
            Optional<UUID> uuid = DomainDescriptionReader.read(document).uuid();
            if (uuid.isPresent()) {
                ManagedDomain domain = registry.get(uuid.get(), call.name());
                reason = domain.problem().orElse(reason);
                domain.unwatched(reason);
            }
        } catch (SettingsException e) {
            log.debug("{}: {}", call.name(), e.oneLine());
        }
        return why.misunderstood() ? misunderstood(reason) : new HookAnswer.Refuse(reason);
    }

    /** For a manager that is restarted while the guest runs. */
    private void keepXml(UUID domain, String xml) {
        Path file = SessionKeeper.keptXml(directories, domain);
        try {
            // libvirt waits, and the guest does not outlive the host: no need to wait for the disk.
            StateFile.replace(file, StandardCharsets.UTF_8.encode(xml), StateFile.Safety.PROCESS);
        } catch (IOException e) {
            log.error(
                    "{} can't be written ({}): a manager that is restarted will not find "
                            + "this guest",
                    file,
                    e.toString());
        }
    }

    private static HookAnswer start(ManagedDomain domain) {
        Optional<DomainSession> session = domain.session();
        if (session.isEmpty()) {
            return new HookAnswer.Refuse("the domain was not prepared"
                    + domain.unwatched()
                            .map(reason -> ": " + reason)
                            .orElse("; is another hook script changing its XML?"));
        }
        session.get().begin();
        return HookAnswer.OK;
    }

    private static HookAnswer started(ManagedDomain domain, HookCall call) {
        domain.active(true);
        domain.id(DomainId.of(call.xml()));
        if (domain.session().isPresent()) {
            return HookAnswer.OK;
        }
        String reason =
                domain.unwatched().orElse("QEMU was started, but the domain was not prepared");
        log.warn("{}: runs without SIM: {}", call.name(), reason);
        return new HookAnswer.Refuse(reason);
    }
}
