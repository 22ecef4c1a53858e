// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.policy;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.simvm.integrity.Evidence;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.qmp.SimViolation;
import org.simvm.settings.FindingClass;
import org.simvm.settings.PolicyAction;
import org.simvm.settings.PolicySettings;
import org.simvm.settings.ViolationKind;

@DisplayName("A policy")
class PolicyTests {
    private final List<String> done = new ArrayList<>();
    private final List<Incident> alerts = new ArrayList<>();
    private long now;

    private final Actions actions = new Actions() {
        @Override
        public void record(Incident incident) {
            done.add("record");
        }

        @Override
        public void alert(Incident incident) {
            done.add("alert");
            alerts.add(incident);
        }

        @Override
        public void pause(Incident incident) {
            done.add("pause");
        }

        @Override
        public void dump(Incident incident) {
            done.add("dump");
        }

        @Override
        public void destroy(Incident incident) {
            done.add("destroy");
        }
    };

    private Policy policy(
            PolicyAction byDefault,
            Map<ViolationKind, PolicyAction> violations,
            Map<FindingClass, PolicyAction> findings) {
        return new Policy(new PolicySettings(byDefault, violations, findings), actions, () -> now);
    }

    private static SimViolation violation(String kind) {
        return new SimViolation(
                1,
                Instant.EPOCH,
                kind,
                false,
                0,
                "normal",
                "read",
                8,
                0x8000000000L,
                OptionalLong.empty(),
                0xffffffff81000000L,
                0x1000,
                0,
                OptionalLong.empty(),
                Optional.empty(),
                OptionalInt.empty(),
                Optional.empty());
    }

    private static Finding finding(FindingClass findingClass, String subject) {
        return new Finding(
                Instant.EPOCH,
                findingClass,
                FindingCode.HOOK_OVERWRITTEN,
                subject,
                OptionalLong.of(0xffffffff81000010L),
                OptionalLong.empty(),
                new Evidence.Bytes("a", "b"),
                false);
    }

    @Test
    void doesWhatTheRuleForTheKindSaysAndElseTheDefault() {
        Policy policy = policy(
                PolicyAction.LOG,
                Map.of(ViolationKind.PROBE, PolicyAction.ALERT),
                Map.of(FindingClass.HOOKS, PolicyAction.DESTROY));
        policy.violation(violation("probe"));
        assertEquals(List.of("record", "alert"), done);
        done.clear();
        policy.violation(violation("vmfunc"));
        policy.finding(finding(FindingClass.GATES, "gate G1"));
        assertEquals(List.of("record", "record"), done);
        done.clear();
        policy.finding(finding(FindingClass.HOOKS, "do_exit"));
        assertEquals(List.of("record", "alert", "destroy"), done);
    }

    @Test
    void treatsAKindThatItDoesNotKnowAsTheDefaultSays() {
        policy(PolicyAction.PAUSE, Map.of(), Map.of()).violation(violation("from-a-newer-qemu"));
        assertEquals(List.of("record", "alert", "pause"), done);
    }

    @Test
    void limitsAlertsOfOneSubjectButRecordsEachIncident() {
        Policy policy = policy(PolicyAction.ALERT, Map.of(), Map.of());
        for (int i = 0; i < 100; i++) {
            policy.violation(violation("probe"));
        }
        assertEquals(100, done.stream().filter("record"::equals).count());
        assertEquals(PolicySettings.ALERTS_PER_MINUTE, alerts.size());
        policy.finding(finding(FindingClass.HOOKS, "do_exit"));
        assertEquals(
                PolicySettings.ALERTS_PER_MINUTE + 1,
                alerts.size(),
                "another subject has a limit of its own");
        now += Duration.ofSeconds(Policy.WINDOW_SECONDS).toNanos();
        policy.violation(violation("probe"));
        Incident next = alerts.get(alerts.size() - 1);
        assertEquals(90, next.suppressed());
    }

    @Test
    void stopsAGuestOnceUntilItGoesOn() {
        Policy policy = policy(PolicyAction.PAUSE, Map.of(), Map.of());
        for (int i = 0; i < 50; i++) {
            policy.violation(violation("probe"));
        }
        assertEquals(1, done.stream().filter("pause"::equals).count());
        policy.guestResumed();
        policy.violation(violation("probe"));
        assertEquals(2, done.stream().filter("pause"::equals).count());
        assertEquals(PolicyAction.PAUSE, alerts.get(alerts.size() - 1).action());
    }

    @Test
    void goesFromPauseToDestroyButNotBack() {
        Policy policy = policy(
                PolicyAction.ALERT,
                Map.of(
                        ViolationKind.PROBE,
                        PolicyAction.PAUSE,
                        ViolationKind.EXECUTE,
                        PolicyAction.DESTROY),
                Map.of());
        policy.violation(violation("probe"));
        policy.violation(violation("execute"));
        policy.violation(violation("probe"));
        assertEquals(
                List.of("pause", "destroy"),
                done.stream()
                        .filter(action -> !action.equals("record") && !action.equals("alert"))
                        .toList());
    }

    @Test
    void saysWhatItActedOnAndWhatItAskedFor() {
        Policy policy = policy(PolicyAction.ALERT, Map.of(), Map.of());
        SimViolation violation = violation("probe");
        policy.violation(violation);
        Finding finding = finding(FindingClass.KERNEL_TEXT, "do_exit");
        policy.finding(finding);
        assertEquals(
                List.of(
                        new Incident.Broken(violation, PolicyAction.ALERT, 0),
                        new Incident.Found(finding, PolicyAction.ALERT, 0)),
                alerts);
    }
}
