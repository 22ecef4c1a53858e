// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;
import com.fasterxml.jackson.annotation.JsonUnwrapped;

import java.util.Optional;
import java.util.OptionalLong;

/**
 * The answer to {@code info}: what a domain is set to, and what was found and done when its guest
 * was armed.
 *
 * @param domain what {@code list} shows
 * @param settings what its element says; empty if it has none
 * @param gate the gate in force; this and the following are empty while it is not under SIM
 * @param region its region
 * @param guest the armed guest; empty while it is not armed
 * @param failure why it is not armed, if arming failed
 * @param layout where the region is, if that was asked for
 */
public record DomainInfo(
        @JsonUnwrapped DomainSummary domain,
        Optional<SettingsView> settings,
        Optional<GateInForce> gate,
        Optional<Region> region,
        Optional<GuestView> guest,
        Optional<Failure> failure,
        Optional<LayoutView> layout) {

    /** Returns the same with a layout. */
    public DomainInfo with(LayoutView shown) {
        return new DomainInfo(domain, settings, gate, region, guest, failure, Optional.of(shown));
    }

    /**
     * A domain's region.
     *
     * @param bytes of the region file
     * @param requiredBytes what the monitors need of it
     * @param ringBytes of the event ring; empty if the region has no room for one
     * @param problem why that is so, one line
     * @param stacks how many vCPUs can run a monitor at a time
     */
    public record Region(
            long bytes,
            long requiredBytes,
            OptionalLong ringBytes,
            Optional<String> problem,
            int stacks) {}

    /**
     * Why a guest could not be armed.
     *
     * @param kind what sort of thing went wrong, for programs
     * @param reached how far arming had come
     * @param reason one line: what is wrong, where, and the next step
     * @param guestRuns whether the guest was let run on without SIM
     */
    public record Failure(
            String kind, @JsonProperty("while") String reached, String reason, boolean guestRuns) {}
}
