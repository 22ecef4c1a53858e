// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import java.util.Properties;
import java.util.concurrent.CompletableFuture;
import org.simvm.api.DomainVerbs;
import org.simvm.api.ElementVerbs;
import org.simvm.api.EventVerbs;
import org.simvm.api.HookResponder;
import org.simvm.api.ManagerApi;
import org.simvm.api.ManagerControl;
import org.simvm.api.ManagerVerbs;
import org.simvm.api.ReportFiles;
import org.simvm.api.RunningFigures;
import org.simvm.arming.DomainArming;
import org.simvm.audit.AuditLog;
import org.simvm.control.ControlServer;
import org.simvm.domain.DomainState;
import org.simvm.events.EventLogs;
import org.simvm.host.GateChoice;
import org.simvm.incident.Notices;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.CheckScheduler;
import org.simvm.libvirt.LibvirtConnection;
import org.simvm.libvirt.LibvirtEvent;
import org.simvm.maintenance.MaintenanceWindows;
import org.simvm.metrics.MetricsServer;
import org.simvm.outlets.Notice;
import org.simvm.outlets.Outlets;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PrepareSettings;
import org.simvm.protocol.ManagerStatus;
import org.simvm.reconcile.Reconciler;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.registry.SessionKeeper;
import org.simvm.session.MappingBudget;
import org.simvm.session.SessionContext;
import org.simvm.settings.CheckStoreSettings;
import org.simvm.settings.ManagerSettings;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SettingsReload;
import org.simvm.state.DomainDirectories;
import org.simvm.workers.DomainWorkers;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** One running manager: everything is started by {@link #start} and ended by {@link #close}. */
public final class Manager implements ManagerControl, AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Manager.class);
    /**
     * Domains whose memory is checked at the same time; checks are as fast as memory, so more would
     * only wait for it.
     */
    private static final int CHECK_THREADS = 2;

    private volatile ManagerSettings settings;
    private final SettingsSource source;
    private final Instant started = Instant.now();
    private final ServiceNotification service = new ServiceNotification();
    private final InstanceLock lock;
    private final CheckScheduler scheduler;
    private final DomainWorkers workers = new DomainWorkers();
    private final Outlets outlets;
    private final EventLogs eventLogs;
    private final ReportFiles reports;
    private final AuditLog audit;
    private final DomainRegistry registry;
    private final SessionKeeper sessions;
    private final LibvirtConnection libvirt;
    private final MetricsServer metrics;
    private final ControlServer control;
    private final ControlServer readOnlyControl;
    private final Optional<WatchdogNotifier> lifeSign;
    private boolean closed;

    private Manager(
            ManagerSettings settings, SettingsSource source, GateChoice gates, InstanceLock lock)
            throws IOException, StartException {
        this.settings = settings;
        this.source = source;
        this.lock = lock;
        this.scheduler = scheduler(settings);
        DomainArming.warmUp();
        this.outlets = new Outlets(settings.spoolDirectory());
        outlets.configure(settings.outlets());
        this.audit = new AuditLog(settings.stateDirectory().resolve("audit.jsonl"), outlets);
        DomainDirectories directories =
                new DomainDirectories(settings.runDirectory(), settings.stateDirectory());
        this.reports = new ReportFiles(directories);
        this.eventLogs = new EventLogs(() -> new EventLogs.Settings(
                this.settings.eventLogFile(),
                this.settings.eventLogBytes(),
                this.settings.eventLogFiles()));
        this.registry = new DomainRegistry(directories, new DomainNews());
        CompletableFuture<Reconciler> follower = new CompletableFuture<>();
        this.libvirt = LibvirtConnection.open(settings.libvirtUri(), event -> {
            follower.join().accept(event);
            tell(event);
        });
        Preparation preparation = new Preparation(
                () -> new PrepareSettings(
                        this.settings.launcher(),
                        this.settings.qemuUser(),
                        this.settings.qemuGroup(),
                        this.settings.regionBytes(),
                        this.settings.monitorFiles()),
                directories,
                gates);
        this.sessions = new SessionKeeper(
                registry,
                preparation,
                new SessionContext(
                        directories,
                        scheduler,
                        workers,
                        new MappingBudget(),
                        libvirt,
                        outlets,
                        eventLogs,
                        () -> this.settings.bootLimit()));
        Reconciler reconciler =
                new Reconciler(registry, libvirt, workers, settings.launcher(), directories);
        HookResponder hooks = new HookResponder(registry, preparation, sessions, directories);
        preparation.warmUp();
        MaintenanceWindows windows = new MaintenanceWindows(directories, scheduler, audit);
        RunningFigures figures = new RunningFigures(version(), registry, windows, outlets, libvirt);
        this.metrics = new MetricsServer(figures);
        metrics.serve(settings.metrics());
        scheduler.onStuck((domain, what) -> registry.known(domain)
                .flatMap(ManagedDomain::session)
                .ifPresent(session -> session.checksStuck(what)));
        sessions.adoptAll();
        windows.adoptAll(registry);
        ManagerApi api = new ManagerApi(
                hooks,
                registry,
                audit,
                new ManagerVerbs(this, audit),
                new DomainVerbs(registry, windows, figures),
                new EventVerbs(registry),
                new ElementVerbs(registry, preparation, reconciler, libvirt, workers));
        this.control = ControlServer.start(settings.controlSocket(), settings.controlGroup(), api);
        this.readOnlyControl = ControlServer.startReadOnly(settings.readOnlySocket(), api);
        follower.complete(
                reconciler); // after the adoption: what libvirt says is then about domains known
        // already
        this.lifeSign = service.watchdogMicroseconds().isEmpty()
                ? Optional.empty()
                : Optional.of(new WatchdogNotifier(
                        service.watchdogMicroseconds().getAsLong(),
                        List.of(
                                control::healthProblem,
                                readOnlyControl::healthProblem,
                                libvirt::healthProblem,
                                scheduler::healthProblem,
                                workers::healthProblem,
                                outlets::healthProblem),
                        service::alive,
                        this::status));
        lifeSign.ifPresent(WatchdogNotifier::start);
    }

    private static CheckScheduler scheduler(ManagerSettings settings) throws StartException {
        try {
            return CheckScheduler.start(
                    CHECK_THREADS,
                    settings.checkStore()
                            .map(CheckStoreSettings::properties)
                            .orElseGet(Properties::new));
        } catch (IllegalStateException e) {
            throw new StartException(
                    "sim-manager can't start: " + e.getMessage() + "; correct "
                            + settings.checkStore()
                                    .map(store -> store + ", or empty checks.store.file")
                                    .orElse("this host's Java"),
                    e);
        }
    }

    /** Passes on what becomes of domains. */
    private final class DomainNews implements ManagedDomain.Listener {
        @Override
        public void changed(ManagedDomain domain, DomainState before, DomainState now) {
            outlets.accept(Notices.state(
                    new Notice.Domain(domain.uuid(), domain.name()),
                    before,
                    now,
                    domain.problem().or(domain::unwatched)));
        }

        @Override
        public void checked(ManagedDomain domain, CheckReport report) {
            reports.keep(domain, report);
            metrics.checked(report);
        }
    }

    private String status() {
        return "serving " + settings.libvirtUri() + ", " + armed() + " of "
                + registry.all().size() + " domains armed";
    }

    private long armed() {
        return registry.all().stream()
                .filter(domain -> domain.state() == DomainState.ARMED)
                .count();
    }

    /**
     * Reads the configuration anew and puts it in force, as far as a running manager can. If
     * anything is wrong with it, all of that is told, and the old one stays in force.
     *
     * @return what has changed, and what waits for the next start
     * @throws SettingsException everything that is wrong
     */
    public synchronized SettingsReload reload() throws SettingsException {
        service.reloading();
        try {
            SettingsReload reload = SettingsReload.of(settings, source.read());
            settings = reload.inForce();
            LogLevels.set(settings.logLevel());
            metrics.serve(settings.metrics());
            outlets.configure(settings.outlets());
            control.group(settings.controlGroup());
            log.info(
                    "configuration read anew; changed: {}",
                    reload.changed().isEmpty() ? "nothing" : String.join(", ", reload.changed()));
            if (!reload.nextStart().isEmpty()) {
                log.warn(
                        "{} take effect when sim-manager is restarted",
                        String.join(", ", reload.nextStart()));
            }
            outlets.accept(Notices.manager(
                    Notice.Severity.NOTICE, "reloaded", "the configuration was read anew"));
            return reload;
        } catch (SettingsException e) {
            e.problems().forEach(problem -> log.error("{}", problem));
            log.error(
                    "the configuration has {} mistakes; the old one stays in force",
                    e.problems().size());
            throw e;
        } catch (IOException e) {
            log.error("the control socket stays as it was: {}", e.toString());
            return new SettingsReload(settings, List.of(), List.of("control.group"));
        } finally {
            service.ready(status());
        }
    }

    private void tell(LibvirtEvent event) {
        if (event instanceof LibvirtEvent.Connected) {
            outlets.accept(Notices.manager(
                    Notice.Severity.INFO,
                    "connected",
                    "connected to libvirt at " + settings.libvirtUri()));
        } else if (event instanceof LibvirtEvent.Disconnected lost) {
            outlets.accept(Notices.manager(
                    Notice.Severity.WARNING,
                    "disconnected",
                    "libvirt is not reachable: " + lost.reason()));
        }
    }

    /** Reads the configuration anew. */
    @FunctionalInterface
    public interface SettingsSource {
        /**
         * Reads it.
         *
         * @throws SettingsException everything that is wrong
         */
        ManagerSettings read() throws SettingsException;
    }

    /** Starts a manager whose settings stay as they are. */
    public static Manager start(ManagerSettings settings) throws StartException {
        return start(settings, () -> settings);
    }

    /**
     * Starts a manager: takes the lock, takes up guests that run already, opens the control socket,
     * and begins to connect to libvirt, for which it does not wait.
     *
     * @param source asked for new settings by {@link #reload}
     * @throws StartException in one line, why not and the next step
     */
    public static Manager start(ManagerSettings settings, SettingsSource source)
            throws StartException {
        return start(settings, source, GateChoice.ofHost());
    }

    static Manager start(ManagerSettings settings, SettingsSource source, GateChoice gates)
            throws StartException {
        InstanceLock lock = null;
        try {
            directory(settings.runDirectory(), "rwxr-xr-x");
            directory(settings.runDirectory().resolve("domains"), "rwx--x--x");
            directory(settings.stateDirectory(), "rwx--x--x");
            directory(settings.stateDirectory().resolve("domains"), "rwx------");
            directory(settings.stateDirectory().resolve("required"), "rwx--x--x");
            directory(settings.spoolDirectory(), "rwx------");
            lock = InstanceLock.take(settings.runDirectory());
            Manager manager = new Manager(settings, source, gates, lock);
            lock = null;
            log.info("ready: {}, {}", settings.controlSocket(), settings.libvirtUri());
            manager.outlets.accept(Notices.manager(
                    Notice.Severity.INFO, "started", "sim-manager " + version() + " is ready"));
            manager.service.ready(manager.status());
            return manager;
        } catch (IOException e) {
            throw new StartException(
                    "sim-manager can't start: " + e + "; it needs to write "
                            + settings.runDirectory() + " and " + settings.stateDirectory()
                            + " (are you root?)",
                    e);
        } finally {
            release(lock);
        }
    }

    private static void release(InstanceLock lock) {
        if (lock != null) {
            try {
                lock.close();
            } catch (IOException e) {
                log.warn("{}", e.toString());
            }
        }
    }

    private static void directory(Path path, String mode) throws IOException {
        Files.createDirectories(path);
        Files.setPosixFilePermissions(path, PosixFilePermissions.fromString(mode));
    }

    @Override
    public ManagerStatus about() {
        return new ManagerStatus(
                version(),
                ProcessHandle.current().pid(),
                started,
                settings.libvirtUri(),
                libvirt.isConnected(),
                registry.all().size(),
                outlets.status().stream()
                        .map(outlet -> new ManagerStatus.Outlet(
                                outlet.name(),
                                outlet.on(),
                                outlet.failing(),
                                outlet.delivered(),
                                outlet.refused(),
                                outlet.lost(),
                                outlet.waiting(),
                                outlet.bytes()))
                        .toList(),
                armed());
    }

    /** Returns the manager's version. */
    public static String version() {
        String version = Manager.class.getPackage().getImplementationVersion();
        return version == null ? "development" : version;
    }

    /** Ends the manager; guests run on, and the next manager takes them up. */
    @Override
    public synchronized void close() {
        if (closed) {
            return;
        }
        closed = true;
        service.stopping();
        lifeSign.ifPresent(WatchdogNotifier::close);
        control.close();
        readOnlyControl.close();
        metrics.close();
        libvirt.close();
        sessions.leaveAll();
        scheduler.close();
        workers.close();
        eventLogs.close();
        outlets.accept(Notices.manager(
                Notice.Severity.INFO,
                "stopped",
                "sim-manager stops; guests run on, unwatched until it is back"));
        outlets.close();
        audit.close();
        release(lock);
        log.info("stopped");
    }
}
