// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.math.BigInteger;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.glassfish.jaxb.core.Locatable;
import org.quartz.CronExpression;
import org.simvm.schema.Check;
import org.simvm.schema.Integrity;
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
 * <p>Runs on documents that the schema refused as well, so that all mistakes are told at once: what is
 * missing then was told already and is passed over here.
 */
final class SettingsConversion {

    private static final Duration LONGEST_INTERVAL = Duration.ofDays(366);
    private static final Duration LONGEST_JITTER = Duration.ofHours(1);
    private static final Duration DEFAULT_JITTER = Duration.ofSeconds(5);
    private static final long PAGE_BYTES = 4096;
    private static final String CRON_ADVICE =
            "write seconds, minutes, hours, day of month, month, day of week (one of the days is ?)";

    /**
     * Quartz uses 98 and 99 for "no value" and "every value", and takes them for that when a user writes
     * them.
     */
    private static final Pattern QUARTZ_INNER_NUMBER = Pattern.compile("(?<![0-9])9[89](?![0-9])");

    private final ProblemList problems;
    private final Set<ProblemList.Place> refusedBySchema;

    private SettingsConversion(ProblemList problems) {
        this.problems = problems;
        refusedBySchema = problems.places();
    }

    /** Converts; if that adds a problem, the result is to be thrown away. */
    static SimSettings convert(Sim sim, ProblemList problems) {
        return new SettingsConversion(problems).settings(sim);
    }

    private SimSettings settings(Sim sim) {
        OptionalLong regionBytes = OptionalLong.empty();
        List<MonitorSettings> monitors = new ArrayList<>();
        Optional<IntegritySettings> integrity = Optional.of(IntegritySettings.DEFAULT);
        PolicySettings policy = PolicySettings.ALERT_ONLY;
        boolean required = sim.getRequired() == YesNo.YES;
        for (Object child : sim.getChildren()) {
            if (child instanceof Region region) {
                regionBytes = regionBytes(region);
            } else if (child instanceof Monitor monitor) {
                monitor(monitor).ifPresent(monitors::add);
            } else if (child instanceof Integrity given) {
                integrity = integrity(given);
            } else if (child instanceof Policy given) {
                policy = policy(given, required);
            }
        }
        if (required && !policy.findings().containsKey(FindingClass.ARMING_FAILED)) {
            policy = policy.with(FindingClass.ARMING_FAILED, PolicyAction.DESTROY);
        }
        Gate gate = named(Gate.values(), Gate::xmlName, sim.getGate().value());
        return new SimSettings(required, gate, regionBytes, monitors, integrity, policy);
    }

    private OptionalLong regionBytes(Region region) {
        if (region.getSize() == null) {
            return OptionalLong.empty();
        }
        SizeUnit unit = region.getUnit();
        String what = "region of " + region.getSize() + " " + unit.value();
        BigInteger bytes = region.getSize().shiftLeft(switch (unit) {
            case KI_B -> 10;
            case MI_B -> 20;
            case GI_B -> 30;
        });
        if (bytes.compareTo(BigInteger.valueOf(SimSettings.MINIMUM_REGION_BYTES)) < 0) {
            problem(region, what + " is too small", "give it 1 MiB or more; 8 MiB suits most");
        } else if (bytes.compareTo(BigInteger.valueOf(SimSettings.MAXIMUM_REGION_BYTES)) > 0) {
            problem(region, what + " is too large", "give it 1 GiB or less; 8 MiB suits most");
        } else if (bytes.longValueExact() % PAGE_BYTES != 0) {
            problem(region, what + " is not a multiple of 4 KiB", "round it up");
        } else {
            return OptionalLong.of(bytes.longValueExact());
        }
        return OptionalLong.empty();
    }

    private Optional<MonitorSettings> monitor(Monitor monitor) {
        Map<String, String> parameters = new LinkedHashMap<>();
        for (Parameter parameter : monitor.getParameter()) {
            parameters.put(parameter.getName(), parameter.getValue() == null ? "" : parameter.getValue());
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
            problem(monitor,
                    "file=\"" + text + "\" on <monitor> has characters that this process's locale lacks",
                    "run it in a UTF-8 locale");
            return Optional.empty();
        }
        if (!file.normalize().toString().equals(text)) {
            problem(monitor, "file=\"" + text + "\" on <monitor> is not a plain path",
                    "write " + file.normalize() + " if that is what you mean");
        }
        return Optional.of(file);
    }

    private Optional<IntegritySettings> integrity(Integrity integrity) {
        Schedule schedule = schedule(integrity);
        Duration jitter = jitter(integrity, schedule);
        Set<IntegrityCheck> checks = EnumSet.noneOf(IntegrityCheck.class);
        for (Check check : integrity.getCheck()) {
            if (check.getName() != null) {
                checks.add(named(IntegrityCheck.values(), IntegrityCheck::xmlName, check.getName().value()));
            }
        }
        if (checks.isEmpty()) {
            checks = EnumSet.allOf(IntegrityCheck.class);
        }
        return integrity.getEnabled() == YesNo.NO ? Optional.empty()
                : Optional.of(new IntegritySettings(schedule, jitter, checks));
    }

    private Schedule schedule(Integrity integrity) {
        BigInteger interval = integrity.getInterval();
        if (interval != null && integrity.getCron() != null) {
            problem(integrity, "<integrity> has both interval and cron", "keep one of them");
            return IntegritySettings.DEFAULT.schedule();
        }
        if (integrity.getUnit() != null && interval == null) {
            problem(integrity, "unit=\"" + integrity.getUnit().value() + "\" on <integrity> without interval",
                    "add interval=\"...\", or remove unit");
        }
        if (integrity.getCron() != null) {
            return cron(integrity);
        }
        if (interval == null || interval.signum() <= 0) {
            return IntegritySettings.DEFAULT.schedule();
        }
        long unitSeconds = integrity.getUnit() == null ? 1 : switch (integrity.getUnit()) {
            case S -> 1;
            case MIN -> 60;
            case H -> 3600;
        };
        BigInteger seconds = interval.multiply(BigInteger.valueOf(unitSeconds));
        if (seconds.compareTo(BigInteger.valueOf(LONGEST_INTERVAL.toSeconds())) > 0) {
            problem(integrity, "interval=\"" + interval + "\" on <integrity> is longer than "
                    + LONGEST_INTERVAL.toDays() + " days",
                    "shorten it, or switch checks off by enabled=\"no\"");
            return IntegritySettings.DEFAULT.schedule();
        }
        return new Schedule.Interval(Duration.ofSeconds(seconds.longValueExact()));
    }

    private Schedule cron(Integrity integrity) {
        String expression = integrity.getCron();
        String what = "cron=\"" + expression + "\" on <integrity>";
        Matcher wildcard = QUARTZ_INNER_NUMBER.matcher(expression);
        if (wildcard.find()) {
            problem(integrity, what + " is not a cron expression: " + wildcard.group() + " is out of range",
                    CRON_ADVICE);
            return new Schedule.Cron(expression);
        }
        try {
            if (new CronExpression(expression).getNextValidTimeAfter(new Date()) == null) {
                problem(integrity, what + " never comes", "correct the year, or the day of the month");
            }
        } catch (ParseException | RuntimeException e) {
            // Quartz lets some mistakes out as NumberFormatException and the like.
            problem(integrity, what + " is not a cron expression: " + e.getMessage(),
                    CRON_ADVICE);
        }
        return new Schedule.Cron(expression);
    }

    private Duration jitter(Integrity integrity, Schedule schedule) {
        Optional<Duration> period = schedule instanceof Schedule.Interval interval
                ? Optional.of(interval.period()) : Optional.empty();
        BigInteger given = integrity.getJitter();
        if (given == null) {
            Duration tenth = period.map(p -> p.dividedBy(10)).orElse(DEFAULT_JITTER);
            return tenth.compareTo(DEFAULT_JITTER) < 0 ? tenth : DEFAULT_JITTER;
        }
        String what = "jitter=\"" + given + "\" on <integrity> is longer than ";
        if (given.compareTo(BigInteger.valueOf(LONGEST_JITTER.toSeconds())) > 0) {
            problem(integrity, what + LONGEST_JITTER.toSeconds() + " s", "shorten it");
            return DEFAULT_JITTER;
        }
        Duration jitter = Duration.ofSeconds(Math.max(0, given.longValueExact()));
        if (period.isPresent() && jitter.compareTo(period.get()) > 0) {
            problem(integrity, what + "the interval", "shorten it to " + period.get().toSeconds()
                    + " s or less");
        }
        return jitter;
    }

    private PolicySettings policy(Policy policy, boolean required) {
        Map<ViolationKind, PolicyAction> violations = new EnumMap<>(ViolationKind.class);
        Map<FindingClass, PolicyAction> findings = new EnumMap<>(FindingClass.class);
        PolicyAction otherwise = named(PolicyAction.values(), PolicyAction::xmlName,
                policy.getDefault().value());
        for (Object rule : policy.getRules()) {
            if (rule instanceof OnViolation on && on.getKind() != null && on.getAction() != null) {
                violations.put(named(ViolationKind.values(), ViolationKind::xmlName, on.getKind().value()),
                        named(PolicyAction.values(), PolicyAction::xmlName, on.getAction().value()));
            } else if (rule instanceof OnFinding on && on.getFindingClass() != null
                    && on.getAction() != null) {
                FindingClass findingClass = named(FindingClass.values(), FindingClass::xmlName,
                        on.getFindingClass().value());
                PolicyAction action = named(PolicyAction.values(), PolicyAction::xmlName,
                        on.getAction().value());
                if (required && findingClass == FindingClass.ARMING_FAILED && !action.stopsGuest()) {
                    problem(on, "required=\"yes\" and action=\"" + action.xmlName()
                            + "\" for armingFailed contradict each other",
                            "use pause, dump or destroy there, or required=\"no\"");
                }
                findings.put(findingClass, action);
            }
        }
        return new PolicySettings(otherwise, violations, findings);
    }

    /** Adds a problem, unless the schema found one there: what follows from that would only confuse. */
    private void problem(Locatable at, String what, String nextStep) {
        if (refusedBySchema.contains(ProblemList.Place.of(at.sourceLocation()))) {
            return;
        }
        problems.add(at.sourceLocation(), what, nextStep);
    }

    /** Finds the constant for a word of the schema; a test holds the two lists together. */
    private static <E> E named(E[] constants, Function<E, String> xmlName, String word) {
        for (E constant : constants) {
            if (xmlName.apply(constant).equals(word)) {
                return constant;
            }
        }
        throw new IllegalStateException("the schema knows a word that the settings do not: " + word);
    }
}
