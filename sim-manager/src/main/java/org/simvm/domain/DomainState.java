// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.domain;

import java.util.EnumSet;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;

/**
 * What SIM has a domain in: the one word that {@code virt-sim list}, the metrics and the notices
 * show (docs/interfaces.md, section 5).
 *
 * <p>A domain without a session is in one of the first four states, as its XML and libvirt say, and
 * may go from each of them to each other. Its preparation opens a session, which may end, or give
 * way to that of another start, at any moment. Within a session a boot goes through the steps of
 * arming in their order, a reset takes it back to {@link #WAITING}, and nothing leaves
 * {@link #GONE}.
 */
public enum DomainState {
    /** The domain has no {@code <sim:sim>} element. */
    NONE,
    /** It has an element, and would not be under SIM if it were started. */
    INVALID,
    /** It has an element and does not run. */
    INACTIVE,
    /** It runs, has an element, and is not under SIM. */
    UNPROTECTED,
    /** Everything is ready for its QEMU to start. */
    PREPARED,
    /** QEMU has not opened its socket yet. */
    CONNECTING,
    /** The guest has not reached its kernel since it was started or reset. */
    WAITING,
    /** The guest is paused while its kernel is resolved. */
    RESOLVING,
    /** The guest runs while the region is filled in. */
    PREPARING,
    /** Gates and hooks are in effect; there is no baseline yet. */
    MAPPED,
    /** The guest is armed. */
    ARMED,
    /** This boot could not be armed. */
    FAILED,
    /** QEMU has ended. */
    GONE,
    /** The guest broke a rule of the SIM view and is stopped until it is reset. */
    STOPPED;

    private static final Set<DomainState> WITHOUT_SESSION = EnumSet.range(NONE, UNPROTECTED);
    private static final Set<DomainState> STEPS = EnumSet.range(CONNECTING, MAPPED);
    private static final Set<DomainState> SETTLED =
            EnumSet.of(NONE, INVALID, UNPROTECTED, ARMED, FAILED, STOPPED);
    private static final Set<DomainState> ALARMING =
            EnumSet.of(INVALID, UNPROTECTED, FAILED, STOPPED);

    /** Returns the word that programs and people know it by. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** Finds a state by its {@link #word}. */
    public static Optional<DomainState> ofWord(String word) {
        return EnumSet.allOf(DomainState.class).stream()
                .filter(state -> state.word().equals(word))
                .findFirst();
    }

    /** Tells whether a domain in this state may come into {@code next}, another one. */
    public boolean mayBecome(DomainState next) {
        return next != this && successors().contains(next);
    }

    /**
     * Returns the state that follows this one.
     *
     * @throws IllegalStateException if it can't: a defect of the manager
     */
    public DomainState become(DomainState next) {
        if (!mayBecome(next)) {
            throw new IllegalStateException(
                    "a domain that is " + word() + " can't become " + next.word());
        }
        return next;
    }

    private Set<DomainState> successors() {
        Set<DomainState> next = EnumSet.copyOf(WITHOUT_SESSION);
        next.add(PREPARED);
        next.addAll(
                switch (this) {
                    case NONE, INVALID, INACTIVE, UNPROTECTED, GONE -> Set.<DomainState>of();
                    case PREPARED -> Set.of(CONNECTING);
                    case CONNECTING -> Set.of(WAITING, FAILED, GONE, STOPPED);
                    // MAPPED: an earlier manager has armed this boot.
                    case WAITING -> Set.of(RESOLVING, MAPPED, FAILED, GONE, STOPPED);
                    case RESOLVING -> Set.of(PREPARING, WAITING, FAILED, GONE, STOPPED);
                    case PREPARING -> Set.of(MAPPED, WAITING, FAILED, GONE, STOPPED);
                    case MAPPED -> Set.of(ARMED, WAITING, FAILED, GONE, STOPPED);
                    case ARMED -> Set.of(WAITING, FAILED, GONE, STOPPED);
                    // RESOLVING: its kernel came after all.
                    case FAILED -> Set.of(WAITING, RESOLVING, GONE, STOPPED);
                    case STOPPED -> Set.of(WAITING, GONE);
                });
        return next;
    }

    /** Tells whether this is a step on the way to {@link #ARMED}. */
    public boolean isStep() {
        return STEPS.contains(this);
    }

    /** Tells whether who waits for a domain to be armed need not wait any longer. */
    public boolean isSettled() {
        return SETTLED.contains(this);
    }

    /** Tells whether somebody should look after the domain. */
    public boolean isAlarming() {
        return ALARMING.contains(this);
    }
}
