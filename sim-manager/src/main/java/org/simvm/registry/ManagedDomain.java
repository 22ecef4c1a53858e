// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.registry;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.simvm.domain.DomainState;
import org.simvm.events.EventBroadcast;
import org.simvm.events.RecentEvents;
import org.simvm.incident.IncidentLog;
import org.simvm.integrity.CheckReport;
import org.simvm.metrics.CheckTally;
import org.simvm.session.DomainSession;
import org.simvm.session.SessionListener;
import org.simvm.session.SessionOutputs;
import org.simvm.settings.SimSettings;

/**
 * What the manager knows of one domain of libvirt's, under SIM or not: everything that is asked is
 * answered from here, without asking libvirt.
 */
public final class ManagedDomain implements SessionListener {
    private static final long INCOMING_NANOS = 10_000_000_000L;

    private final UUID uuid;
    private final EventBroadcast broadcast = new EventBroadcast();
    private final RecentEvents recentEvents = new RecentEvents();
    private final IncidentLog incidents;
    private final CheckTally checks = new CheckTally();
    private final Listener listener;

    private String name;
    private OptionalInt id = OptionalInt.empty();
    private boolean active;
    private boolean persistent;
    private OptionalLong incomingSince = OptionalLong.empty();
    private Optional<SimSettings> settings = Optional.empty();
    private Optional<String> problem = Optional.empty();
    private boolean asked;
    private Optional<String> unwatched = Optional.empty();
    private DomainSession session;
    private DomainState state = DomainState.NONE;
    private DomainState announced = DomainState.NONE;

    /** Is told what becomes of a domain; must be quick, and change nothing. */
    public interface Listener {
        /** Its state changed; steps on the way to an armed guest are not reported. */
        void changed(ManagedDomain domain, DomainState before, DomainState now);

        /** A round of its checks is over. */
        void checked(ManagedDomain domain, CheckReport report);
    }

    public ManagedDomain(UUID uuid, String name, Path stateDirectory, Listener listener) {
        this.uuid = uuid;
        this.name = name;
        this.incidents = new IncidentLog(stateDirectory);
        this.listener = listener;
    }

    /**
     * Enters the state that follows from what is known now, wakes those who wait for one, and
     * reports it. Called with the lock held whenever something changed.
     */
    private void update() {
        DomainState now = present();
        if (now != state) {
            state = state.become(now);
            notifyAll();
        }
        if (now != announced && (!now.isStep() || announced.isSettled())) {
            DomainState before = announced;
            announced = now;
            listener.changed(this, before, now);
        }
    }

    private DomainState present() {
        if (session != null) {
            return session.state();
        }
        if (problem.isPresent()) {
            return DomainState.INVALID;
        }
        if (settings.isEmpty()) {
            return DomainState.NONE;
        }
        return active ? DomainState.UNPROTECTED : DomainState.INACTIVE;
    }

    public UUID uuid() {
        return uuid;
    }

    public EventBroadcast broadcast() {
        return broadcast;
    }

    public RecentEvents recentEvents() {
        return recentEvents;
    }

    public IncidentLog incidents() {
        return incidents;
    }

    public CheckTally checks() {
        return checks;
    }

    /** Returns where its events and incidents go. */
    SessionOutputs outputs() {
        return new SessionOutputs(List.of(recentEvents, broadcast), incidents);
    }

    @Override
    public void checked(CheckReport report) {
        checks.add(report);
        listener.checked(this, report);
    }

    public synchronized String name() {
        return name;
    }

    public synchronized void name(String newName) {
        name = newName;
    }

    /** Returns libvirt's number of the running domain. */
    public synchronized OptionalInt id() {
        return id;
    }

    public synchronized void id(OptionalInt newId) {
        id = newId;
    }

    public synchronized boolean active() {
        return active;
    }

    public synchronized void active(boolean runs) {
        active = runs;
        if (!runs) {
            id = OptionalInt.empty();
        }
        update();
    }

    public synchronized boolean persistent() {
        return persistent;
    }

    public synchronized void persistent(boolean isPersistent) {
        persistent = isPersistent;
    }

    /**
     * The start that libvirt begins right now brings a guest that has booted elsewhere, or before:
     * it can't be armed.
     */
    public synchronized void announceIncoming() {
        incomingSince = OptionalLong.of(System.nanoTime());
    }

    /**
     * Tells whether the start that is being prepared was announced as an incoming one, once.
     * libvirt prepares within moments of the announcement; one that came to nothing must not leave
     * a later, ordinary start without SIM.
     */
    public synchronized boolean takeIncoming() {
        boolean incoming = incomingSince.isPresent()
                && System.nanoTime() - incomingSince.getAsLong() < INCOMING_NANOS;
        incomingSince = OptionalLong.empty();
        return incoming;
    }

    /** Returns what its element says, as last seen. */
    public synchronized Optional<SimSettings> settings() {
        return session != null ? Optional.of(session.spec().sim()) : settings;
    }

    /** Returns what would keep the guest of its next start from being under SIM: one line. */
    public synchronized Optional<String> problem() {
        return problem;
    }

    /** Returns why the guest of the present or latest start is not watched: one line. */
    public synchronized Optional<String> unwatched() {
        return unwatched;
    }

    /**
     * SIM was asked about the start that goes on now, and this is why the guest will not be
     * watched.
     */
    public synchronized void unwatched(String reason) {
        asked = true;
        unwatched = Optional.of(reason);
        update();
    }

    @Override
    public void notArmed(String reason) {
        unwatched(reason);
    }

    /** SIM was asked about the start that goes on now, and everything is ready. */
    public synchronized void prepared() {
        asked = true;
        unwatched = Optional.empty();
    }

    /**
     * The start that SIM was asked about is over; why its guest was not watched is still of
     * interest.
     */
    public synchronized void ended() {
        asked = false;
    }

    /**
     * Notes that the domain runs though SIM was never asked; false if that isn't so, or is known.
     */
    public synchronized boolean startedUnasked(String reason) {
        if (!active || session != null || asked || unwatched.equals(Optional.of(reason))) {
            return false;
        }
        unwatched = Optional.of(reason);
        return true;
    }

    public synchronized void settings(Optional<SimSettings> seen, Optional<String> wrong) {
        settings = seen;
        problem = wrong;
        update();
    }

    /** Tells whether it is not under SIM, nor about to be: a transient one may be starting. */
    synchronized boolean canBeRetired() {
        return persistent && session == null && state == DomainState.NONE;
    }

    public synchronized Optional<DomainSession> session() {
        return Optional.ofNullable(session);
    }

    /** Puts a session in place; returns the one that was there, which the caller closes. */
    public synchronized Optional<DomainSession> session(DomainSession next) {
        DomainSession before = session;
        session = next;
        update();
        return Optional.ofNullable(before);
    }

    /** Takes a session away, unless it was replaced already. */
    public synchronized boolean endSession(DomainSession ended) {
        if (session != ended) {
            return false;
        }
        session = null;
        update();
        return true;
    }

    /** Returns the state that it is in. */
    public synchronized DomainState state() {
        return state;
    }

    @Override
    public synchronized void stateChanged() {
        update();
    }

    /**
     * Waits until the guest is armed, or can't be.
     *
     * @return the state then, or when the time is over
     */
    public synchronized DomainState awaitOutcome(long milliseconds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        long left = milliseconds;
        while (!state.isSettled() && left > 0) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
        return state;
    }
}
