// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.UUID;

/**
 * The calls to libvirt that the manager makes.
 *
 * <p>Every call may block for as long as libvirt holds the domain's lock (while it migrates, or
 * while a hook runs), so call each domain from a worker of its own, never from the listener of
 * events, and never on behalf of a hook. All methods may be called from any thread.
 */
public interface Domains {

    /** Which of a domain's two copies of its XML. */
    enum Copy {
        /** What the running domain has; the persistent copy if it does not run. */
        LIVE,
        /** What the next start will use. */
        PERSISTENT
    }

    /**
     * One domain, as it was when listed.
     *
     * @param name for people; may change
     * @param active runs, or is paused
     * @param persistent is still there when it does not run
     */
    record Domain(UUID uuid, String name, boolean active, boolean persistent) {}

    /** What a domain does. */
    enum RunState {
        NONE,
        RUNNING,
        BLOCKED,
        PAUSED,
        SHUTTING_DOWN,
        SHUT_OFF,
        CRASHED,
        PM_SUSPENDED,
        UNKNOWN
    }

    /**
     * A domain's state.
     *
     * @param reason libvirt's number for the reason ({@code virDomainRunningReason},
     *     {@code virDomainPausedReason}, ... by {@code run})
     */
    record State(RunState run, int reason) {}

    /** Lists all domains, running or not. Domains that vanish meanwhile are left out. */
    List<Domain> list() throws LibvirtException;

    /** Returns the XML of one copy, for showing: with secrets left out. */
    String xml(UUID domain, Copy copy) throws LibvirtException;

    /**
     * Returns the persistent copy as it must be to {@linkplain #define define} it again: with
     * secrets, which a definition without them would delete (passwords of displays).
     */
    String definition(UUID domain) throws LibvirtException;

    /**
     * Defines or redefines a persistent domain; a running one keeps its live copy until its next
     * start.
     *
     * @return its UUID
     */
    UUID define(String xml) throws LibvirtException;

    /**
     * Asks what {@link #define} would say of an XML, and changes nothing: has libvirt make QEMU's
     * command line of it.
     *
     * @return why libvirt refuses it; empty if it does not
     */
    Optional<String> refusal(String xml) throws LibvirtException;

    /**
     * Returns the domain's {@code sim} element in the shape without namespace; empty if it has
     * none.
     */
    Optional<String> metadata(UUID domain, Copy copy) throws LibvirtException;

    /**
     * Sets the domain's {@code sim} element in one copy.
     *
     * @param fragment the element without prefix and namespace; empty removes it
     */
    void setMetadata(UUID domain, Copy copy, Optional<String> fragment) throws LibvirtException;

    /** Returns what the domain does and why. */
    State state(UUID domain) throws LibvirtException;

    /** Starts a defined domain. */
    void start(UUID domain) throws LibvirtException;

    /** Pauses the domain; nothing happens if it is paused. */
    void suspend(UUID domain) throws LibvirtException;

    /** Lets a paused domain run. */
    void resume(UUID domain) throws LibvirtException;

    /** Powers the domain off at once; nothing happens if it does not run. */
    void destroy(UUID domain) throws LibvirtException;

    /**
     * Writes the domain's memory to a file, as an ELF core. The domain is paused while it is
     * written, and is as before afterwards.
     *
     * @param file absolute; made by libvirt, must not exist
     */
    void coreDump(UUID domain, Path file) throws LibvirtException;
}
