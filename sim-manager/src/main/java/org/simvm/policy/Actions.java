// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

/**
 * Carries out what a policy decided, for one domain. Methods hand over and return: a policy is
 * called from threads that must not wait for libvirt.
 */
public interface Actions {
    /**
     * Keeps the incident in the domain's event log. Called for each incident, whatever else is
     * done.
     */
    void record(Incident incident);

    /**
     * Tells everyone who follows the domain's events. Called for all but {@code LOG}, unless the
     * limit suppressed it.
     */
    void alert(Incident incident);

    /** Suspends the guest until somebody resumes it. */
    void pause(Incident incident);

    /** Suspends the guest and writes its memory to a file. */
    void dump(Incident incident);

    /** Destroys the domain. */
    void destroy(Incident incident);
}
