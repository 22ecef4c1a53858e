// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import com.fasterxml.jackson.annotation.JsonProperty;

import java.time.Instant;
import java.util.Optional;
import java.util.OptionalLong;

/**
 * An answer to {@code findings}, a result of {@code check}, and a line of {@code incidents.jsonl}:
 * one thing that is not as it should be.
 *
 * @param time when it was seen
 * @param incident tells it from a violation
 * @param findingClass which check, or other part of the manager, found it
 * @param code what sort of thing it is (docs/findings.md); does not change between versions
 * @param subject what it is about
 * @param va guest virtual address, if there is one
 * @param gpa guest-physical address, if there is one
 * @param expected what the baseline says
 * @param found what is there
 * @param guestControlled whether it rests on data that the guest controls
 * @param action what the policy asked for; empty in a report of a round
 * @param text one line
 * @param suppressed how many of the same kind were not alerted since the last one that was; empty
 *     if none
 */
public record FindingReport(
        Instant time,
        IncidentKind incident,
        @JsonProperty("class") String findingClass,
        String code,
        String subject,
        Optional<Address> va,
        Optional<Address> gpa,
        String expected,
        String found,
        boolean guestControlled,
        Optional<String> action,
        String text,
        OptionalLong suppressed)
        implements IncidentReport {}
