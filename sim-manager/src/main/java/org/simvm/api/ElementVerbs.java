// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.simvm.control.ControlException;
import org.simvm.libvirt.Domains;
import org.simvm.libvirt.LibvirtException;
import org.simvm.libvirt.SimElement;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.protocol.ApplyRequest;
import org.simvm.protocol.DomainXml;
import org.simvm.protocol.DumpXmlRequest;
import org.simvm.protocol.ElementChange;
import org.simvm.protocol.Obstacles;
import org.simvm.protocol.ObstaclesRequest;
import org.simvm.protocol.RemoveRequest;
import org.simvm.protocol.Verbs;
import org.simvm.reconcile.Reconciler;
import org.simvm.reconcile.StartObstacles;
import org.simvm.registry.DomainRegistry;
import org.simvm.registry.ManagedDomain;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettingsReader;
import org.simvm.workers.DomainWorkers;

/** Verbs that ask libvirt: each call is made by the domain's worker, after what it does already. */
public final class ElementVerbs implements VerbGroup {
    private static final long LIBVIRT_TIMEOUT_SECONDS = 30;

    private final DomainRegistry registry;
    private final Preparation preparation;
    private final Reconciler reconciler;
    private final StartObstacles startObstacles;
    private final Domains libvirt;
    private final DomainWorkers workers;

    public ElementVerbs(
            DomainRegistry registry,
            Preparation preparation,
            Reconciler reconciler,
            StartObstacles startObstacles,
            Domains libvirt,
            DomainWorkers workers) {
        this.registry = registry;
        this.preparation = preparation;
        this.reconciler = reconciler;
        this.startObstacles = startObstacles;
        this.libvirt = libvirt;
        this.workers = workers;
    }

    @Override
    public void addTo(HandlerTable table) {
        table.one(Verbs.DUMPXML, this::dumpXml);
        table.one(Verbs.APPLY, this::apply);
        table.one(Verbs.OBSTACLES, this::obstacles);
        table.one(Verbs.REMOVE, this::remove);
    }

    private DomainXml dumpXml(DumpXmlRequest request)
            throws ControlException, InterruptedException {
        ManagedDomain domain = Lookup.domain(registry, request.domain());
        Domains.Copy copy = request.persistent() ? Domains.Copy.PERSISTENT : Domains.Copy.LIVE;
        return new DomainXml(
                onWorker(domain, "reading the XML", () -> libvirt.xml(domain.uuid(), copy)));
    }

    private Obstacles obstacles(ObstaclesRequest request)
            throws ControlException, InterruptedException {
        ManagedDomain domain = Lookup.domain(registry, request.domain());
        if (!domain.persistent()) {
            throw new ControlException("domain '" + domain.name()
                    + "' is transient; use 'virt-sim transform' on the XML that it is made of");
        }
        return new Obstacles(
                DomainViews.summary(domain),
                onWorker(
                        domain,
                        "looking at its XML",
                        () -> startObstacles.of(domain.uuid(), domain.name(), request.element())));
    }

    private ElementChange apply(ApplyRequest request)
            throws ControlException, InterruptedException {
        ManagedDomain domain = Lookup.domain(registry, request.domain());
        check(request.element());
        return set(domain, Optional.of(request.element()), request.live(), request.persistent());
    }

    private ElementChange remove(RemoveRequest request)
            throws ControlException, InterruptedException {
        ManagedDomain domain = Lookup.domain(registry, request.domain());
        return set(domain, Optional.empty(), request.live(), request.persistent());
    }

    private ElementChange set(
            ManagedDomain domain,
            Optional<String> element,
            boolean live,
            Optional<Boolean> persistent)
            throws ControlException, InterruptedException {
        if (live && !domain.active()) {
            throw new ControlException(
                    "domain '" + domain.name() + "' does not run; leave --live out");
        }
        onWorker(domain, "setting the element", () -> {
            Optional<String> fragment = element.map(SimElement::withoutNamespace);
            if (live) {
                libvirt.setMetadata(domain.uuid(), Domains.Copy.LIVE, fragment);
            }
            if (persistent.orElse(!live)) {
                libvirt.setMetadata(domain.uuid(), Domains.Copy.PERSISTENT, fragment);
            }
            reconciler.reconcile(domain);
            return domain;
        });
        return new ElementChange(
                DomainViews.summary(domain),
                domain.active() ? ElementChange.Effect.NEXT_START : ElementChange.Effect.START);
    }

    /** Reports a mistake now rather than when the domain is started. */
    private void check(String element) throws ControlException {
        try {
            preparation.checkMonitors(
                    SimSettingsReader.read(DomainDocument.parse(element, "element"))
                            .orElseThrow(() -> new ControlException(
                                    "there is no <sim:sim> element in what was given")));
        } catch (SettingsException e) {
            throw new ControlException(e.oneLine(), e);
        } catch (PreparationException e) {
            throw new ControlException(e.getMessage(), e);
        }
    }

    /** A call that may take long. */
    @FunctionalInterface
    private interface Call<T> {
        T run() throws LibvirtException, SettingsException;
    }

    private <T> T onWorker(ManagedDomain domain, String what, Call<T> call)
            throws ControlException, InterruptedException {
        CompletableFuture<T> result = new CompletableFuture<>();
        workers.submit(domain.uuid(), what, () -> {
            try {
                result.complete(call.run());
            } catch (LibvirtException | SettingsException | RuntimeException e) {
                result.completeExceptionally(e);
            }
        });
        try {
            return result.get(LIBVIRT_TIMEOUT_SECONDS, TimeUnit.SECONDS);
        } catch (TimeoutException e) {
            throw new ControlException(
                    "libvirt is busy with domain '" + domain.name() + "' (migration, shutdown?); "
                            + what + " will be done when it is free",
                    e);
        } catch (ExecutionException e) {
            String reason = e.getCause() instanceof SettingsException settings
                    ? settings.oneLine()
                    : e.getCause().getMessage();
            throw new ControlException(reason, e.getCause());
        }
    }
}
