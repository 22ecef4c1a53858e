// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.math.BigInteger;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import org.simvm.schema.Action;
import org.simvm.schema.Integrity;
import org.simvm.schema.Kernel;
import org.simvm.schema.Monitor;
import org.simvm.schema.OnFinding;
import org.simvm.schema.OnViolation;
import org.simvm.schema.Parameter;
import org.simvm.schema.Policy;
import org.simvm.schema.Region;
import org.simvm.schema.Sim;
import org.simvm.schema.SizeUnit;
import org.simvm.schema.YesNo;

/**
 * Turns generated objects into records, and finds what is wrong beyond the schema.
 *
 * <p>Runs on documents that the schema refused as well, so that all mistakes are told at once: what
 * is missing then was told already and is passed over here.
 */
final class SettingsConversion {

    private static final int MOST_ALERTS = 100_000;
    private static final long PAGE_BYTES = 4096;

    private final ConversionProblems problems;

    private SettingsConversion(ConversionProblems problems) {
        this.problems = problems;
    }

    /** Converts; if that adds a problem, the result is to be thrown away. */
    static SimSettings convert(Sim sim, ProblemList problems) {
        return new SettingsConversion(new ConversionProblems(problems)).settings(sim);
    }

    private SimSettings settings(Sim sim) {
        OptionalLong regionBytes = OptionalLong.empty();
        Set<String> kernels = new HashSet<>();
        List<MonitorSettings> monitors = new ArrayList<>();
        Optional<IntegritySettings> integrity = Optional.of(IntegritySettings.DEFAULT);
        PolicySettings policy = PolicySettings.ALERT_ONLY;
        boolean required = sim.getRequired() == YesNo.YES;
        for (Object child : sim.getChildren()) {
            if (child instanceof Region region) {
                regionBytes = regionBytes(region);
            } else if (child instanceof Kernel kernel && kernel.getBuildId() != null) {
                kernels.add(kernel.getBuildId());
            } else if (child instanceof Monitor monitor) {
                monitor(monitor).ifPresent(monitors::add);
            } else if (child instanceof Integrity given) {
                integrity = new IntegrityConversion(problems).convert(given);
            } else if (child instanceof Policy given) {
                policy = policy(given, required);
            }
        }
        if (required && !policy.findings().containsKey(FindingClass.ARMING_FAILED)) {
            policy = policy.with(FindingClass.ARMING_FAILED, PolicyAction.DESTROY);
        }
        Gate gate =
                SchemaWords.named(Gate.values(), Gate::xmlName, sim.getGate().value());
        return new SimSettings(required, gate, regionBytes, kernels, monitors, integrity, policy);
    }

    private OptionalLong regionBytes(Region region) {
        if (region.getSize() == null) {
            return OptionalLong.empty();
        }
        SizeUnit unit = region.getUnit();
        String what = "region of " + region.getSize() + " " + unit.value();
        BigInteger bytes = region.getSize()
                .shiftLeft(
                        switch (unit) {
                            case KI_B -> 10;
                            case MI_B -> 20;
                            case GI_B -> 30;
                        });
        if (bytes.compareTo(BigInteger.valueOf(SimSettings.MINIMUM_REGION_BYTES)) < 0) {
            problems.add(region, what + " is too small", "give it 1 MiB or more; 8 MiB suits most");
        } else if (bytes.compareTo(BigInteger.valueOf(SimSettings.MAXIMUM_REGION_BYTES)) > 0) {
            problems.add(region, what + " is too large", "give it 1 GiB or less; 8 MiB suits most");
        } else if (bytes.longValueExact() % PAGE_BYTES != 0) {
            problems.add(region, what + " is not a multiple of 4 KiB", "round it up");
        } else {
            return OptionalLong.of(bytes.longValueExact());
        }
        return OptionalLong.empty();
    }

    private Optional<MonitorSettings> monitor(Monitor monitor) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (Parameter parameter : monitor.getParameter()) {
            parameters.put(
                    parameter.getName(), parameter.getValue() == null ? "" : parameter.getValue());
        }
        if (monitor.getName() == null) {
            return Optional.empty();
        }
        return Optional.of(new MonitorSettings(monitor.getName(), file(monitor), parameters));
    }

    private Optional<Path> file(Monitor monitor) {
        String text = monitor.getFile();
        if (text == null || !text.startsWith("/")) {
            return Optional.empty();
        }
        Path file;
        try {
            file = Path.of(text);
        } catch (InvalidPathException e) {
            problems.add(
                    monitor,
                    "file=\"" + text
                            + "\" on <monitor> has characters that this process's locale lacks",
                    "run it in a UTF-8 locale");
            return Optional.empty();
        }
        if (!file.normalize().toString().equals(text)) {
            problems.add(
                    monitor,
                    "file=\"" + text + "\" on <monitor> is not a plain path",
                    "write " + file.normalize() + " if that is what you mean");
        }
        return Optional.of(file);
    }

    private PolicySettings policy(Policy policy, boolean required) {
        Map<ViolationKind, PolicyAction> violations = new EnumMap<>(ViolationKind.class);
        Map<FindingClass, PolicyAction> findings = new EnumMap<>(FindingClass.class);
        for (Object rule : policy.getRules()) {
            if (rule instanceof OnViolation on && on.getKind() != null && on.getAction() != null) {
                violations.put(
                        SchemaWords.named(
                                ViolationKind.values(),
                                ViolationKind::xmlName,
                                on.getKind().value()),
                        action(on.getAction()));
            } else if (rule instanceof OnFinding on
                    && on.getFindingClass() != null
                    && on.getAction() != null) {
                FindingClass findingClass = SchemaWords.named(
                        FindingClass.values(),
                        FindingClass::xmlName,
                        on.getFindingClass().value());
                PolicyAction action = action(on.getAction());
                if (required
                        && findingClass == FindingClass.ARMING_FAILED
                        && !action.stopsGuest()) {
                    problems.add(
                            on,
                            "required=\"yes\" and action=\"" + action.xmlName()
                                    + "\" for armingFailed contradict each other",
                            "use pause, dump or destroy there, or required=\"no\"");
                }
                findings.put(findingClass, action);
            }
        }
        int alerts = policy.getAlertsPerMinute() == null
                ? PolicySettings.ALERTS_PER_MINUTE
                : policy.getAlertsPerMinute()
                        .min(BigInteger.valueOf(MOST_ALERTS))
                        .intValue();
        return new PolicySettings(
                action(policy.getDefault()), violations, findings, Math.max(1, alerts));
    }

    private static PolicyAction action(Action action) {
        return SchemaWords.named(PolicyAction.values(), PolicyAction::xmlName, action.value());
    }
}
