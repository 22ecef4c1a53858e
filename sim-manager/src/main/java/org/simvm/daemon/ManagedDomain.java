// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import java.nio.file.Path;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.simvm.domain.DomainState;
import org.simvm.events.EventBroadcast;
import org.simvm.integrity.CheckReport;
import org.simvm.metrics.CheckTally;
import org.simvm.settings.SimSettings;

/**
 * What the manager knows of one domain of libvirt's, under SIM or not: everything that is asked is
 * answered from here, without asking libvirt.
 */
final class ManagedDomain {
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
    interface Listener {
        /** Its state changed; steps on the way to an armed guest are not reported. */
        void changed(ManagedDomain domain, DomainState before, DomainState now);

        /** A round of its checks is over. */
        void checked(CheckReport report);
    }

    ManagedDomain(UUID uuid, String name, Path stateDirectory, Listener listener) {
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

    UUID uuid() {
        return uuid;
    }

    EventBroadcast broadcast() {
        return broadcast;
    }

    RecentEvents recentEvents() {
        return recentEvents;
    }

    IncidentLog incidents() {
        return incidents;
    }

    CheckTally checks() {
        return checks;
    }

    /** Counts a round of checks. */
    void checked(CheckReport report) {
        checks.add(report);
        listener.checked(report);
    }

    synchronized String name() {
        return name;
    }

    synchronized void name(String newName) {
        name = newName;
    }

    /** Returns libvirt's number of the running domain. */
    synchronized OptionalInt id() {
        return id;
    }

    synchronized void id(OptionalInt newId) {
        id = newId;
    }

    synchronized boolean active() {
        return active;
    }

    synchronized void active(boolean runs) {
        active = runs;
        if (!runs) {
            id = OptionalInt.empty();
        }
        update();
    }

    synchronized boolean persistent() {
        return persistent;
    }

    synchronized void persistent(boolean isPersistent) {
        persistent = isPersistent;
    }

    /**
     * The start that libvirt begins right now brings a guest that has booted elsewhere, or before:
     * it can't be armed.
     */
    synchronized void announceIncoming() {
        incomingSince = OptionalLong.of(System.nanoTime());
    }

    /**
     * Tells whether the start that is being prepared was announced as an incoming one, once.
     * libvirt prepares within moments of the announcement; one that came to nothing must not leave
     * a later, ordinary start without SIM.
     */
    synchronized boolean takeIncoming() {
        boolean incoming = incomingSince.isPresent()
                && System.nanoTime() - incomingSince.getAsLong() < INCOMING_NANOS;
        incomingSince = OptionalLong.empty();
        return incoming;
    }

    /** Returns what its element says, as last seen. */
    synchronized Optional<SimSettings> settings() {
        return session != null ? Optional.of(session.order().sim()) : settings;
    }

    /** Returns what is wrong with its element. */
    synchronized Optional<String> problem() {
        return problem;
    }

    /** Returns why the guest of the present or latest start is not watched: one line. */
    synchronized Optional<String> unwatched() {
        return unwatched;
    }

    /**
     * SIM was asked about the start that goes on now, and this is why the guest will not be
     * watched.
     */
    synchronized void unwatched(String reason) {
        asked = true;
        unwatched = Optional.of(reason);
        update();
    }

    /** SIM was asked about the start that goes on now, and everything is ready. */
    synchronized void prepared() {
        asked = true;
        unwatched = Optional.empty();
    }

    /**
     * The start that SIM was asked about is over; why its guest was not watched is still of
     * interest.
     */
    synchronized void ended() {
        asked = false;
    }

    /**
     * Notes that the domain runs though SIM was never asked; false if that isn't so, or is known.
     */
    synchronized boolean startedUnasked(String reason) {
        if (!active || session != null || asked || unwatched.equals(Optional.of(reason))) {
            return false;
        }
        unwatched = Optional.of(reason);
        return true;
    }

    synchronized void settings(Optional<SimSettings> seen, Optional<String> wrong) {
        settings = seen;
        problem = wrong;
        update();
    }

    synchronized Optional<DomainSession> session() {
        return Optional.ofNullable(session);
    }

    /** Puts a session in place; returns the one that was there, which the caller closes. */
    synchronized Optional<DomainSession> session(DomainSession next) {
        DomainSession before = session;
        session = next;
        update();
        return Optional.ofNullable(before);
    }

    /** Takes a session away, unless it was replaced already. */
    synchronized boolean endSession(DomainSession ended) {
        if (session != ended) {
            return false;
        }
        session = null;
        update();
        return true;
    }

    /** Returns the state that it is in. */
    synchronized DomainState state() {
        return state;
    }

    /** Something that {@link #state} shows has changed. */
    synchronized void changed() {
        update();
    }

    /**
     * Waits until the guest is armed, or can't be.
     *
     * @return the state then, or when the time is over
     */
    synchronized DomainState awaitOutcome(long milliseconds) throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(milliseconds);
        long left = milliseconds;
        while (!state.isSettled() && left > 0) {
            wait(left);
            left = TimeUnit.NANOSECONDS.toMillis(deadline - System.nanoTime());
        }
        return state;
    }
}
