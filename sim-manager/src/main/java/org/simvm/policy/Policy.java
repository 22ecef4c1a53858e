// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.function.LongFunction;
import java.util.function.LongSupplier;
import org.simvm.integrity.Finding;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.PolicyAction;
import org.simvm.settings.PolicySettings;

/**
 * Decides what is done about one domain's violations and findings.
 *
 * <p>Every incident is recorded. Alerts of one kind and subject come at most
 * {@link PolicySettings#alertsPerMinute} times in {@value #WINDOW_SECONDS} seconds; the next one
 * that comes through tells how many were held back. Actions that stop the guest are never held
 * back, but are asked for once only until the guest goes on ({@link #guestResumed}).
 *
 * <p>Safe for use from several threads; never waits but for its own short lock, provided the
 * {@link Actions} do not.
 */
public final class Policy {
    static final int WINDOW_SECONDS = 60;
    private static final int MOST_KINDS = 1024;

    private final PolicySettings settings;
    private final Actions actions;
    private final LongSupplier nanoClock;
    private final Map<Object, Window> windows = new HashMap<>();
    private Optional<PolicyAction> stopped = Optional.empty();

    /** Counts the alerts of one kind within one stretch of time. */
    private static final class Window {
        private long began;
        private int alerts;
        private long suppressed;
    }

    private record Subject(Object kind, String name) {}

    /** Makes a policy of a domain's settings. */
    public Policy(PolicySettings settings, Actions actions) {
        this(settings, actions, System::nanoTime);
    }

    Policy(PolicySettings settings, Actions actions, LongSupplier nanoClock) {
        this.settings = Objects.requireNonNull(settings, "settings");
        this.actions = Objects.requireNonNull(actions, "actions");
        this.nanoClock = nanoClock;
    }

    /** Acts on what the region device reported. */
    public void violation(SimViolation violation) {
        PolicyAction action =
                violation.knownKind().map(settings::on).orElse(settings.defaultAction());
        act(
                action,
                new Subject(violation.kind(), ""),
                suppressed -> new Incident.Broken(violation, action, suppressed));
    }

    /** Acts on what a check, or another part of the manager, found. */
    public void finding(Finding finding) {
        PolicyAction action = settings.on(finding.findingClass());
        act(
                action,
                new Subject(finding.findingClass(), finding.subject()),
                suppressed -> new Incident.Found(finding, action, suppressed));
    }

    /** Forgets that the guest was stopped: it was resumed, reset or started. */
    public synchronized void guestResumed() {
        stopped = Optional.empty();
    }

    private synchronized void act(
            PolicyAction action, Subject subject, LongFunction<Incident> suppressing) {
        boolean stops = action.stopsGuest()
                && stopped.map(before -> outranks(action, before)).orElse(true);
        Window window = window(subject);
        boolean alerts =
                action != PolicyAction.LOG && (stops || window.alerts < settings.alertsPerMinute());
        Incident incident = suppressing.apply(alerts ? window.suppressed : 0);
        actions.record(incident);
        if (alerts) {
            window.alerts++;
            window.suppressed = 0;
            actions.alert(incident);
        } else {
            window.suppressed++;
        }
        if (stops) {
            stopped = Optional.of(action);
            switch (action) {
                case PAUSE -> actions.pause(incident);
                case DUMP -> actions.dump(incident);
                case DESTROY -> actions.destroy(incident);
                default -> throw new IllegalStateException("unexpected stopping action " + action);
            }
        }
    }

    /**
     * A guest that is paused can still be dumped or destroyed; the enumeration has the milder
     * action first.
     */
    private static boolean outranks(PolicyAction action, PolicyAction before) {
        return action.compareTo(before) > 0;
    }

    private Window window(Subject subject) {
        long now = nanoClock.getAsLong();
        if (windows.size() >= MOST_KINDS && !windows.containsKey(subject)) {
            windows.clear(); // subjects may be guest data; better one alert too many than memory
            // without end
        }
        Window window = windows.computeIfAbsent(subject, key -> {
            Window fresh = new Window();
            fresh.began = now;
            return fresh;
        });
        if (now - window.began >= Duration.ofSeconds(WINDOW_SECONDS).toNanos()) {
            window.began = now;
            window.alerts = 0;
        }
        return window;
    }
}
