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
import org.simvm.schema.Group;
import org.simvm.schema.Integrity;
import org.simvm.schema.Monitor;
import org.simvm.schema.OnFinding;
import org.simvm.schema.OnViolation;
import org.simvm.schema.Parameter;
import org.simvm.schema.Policy;
import org.simvm.schema.Region;
import org.simvm.schema.Sim;
import org.simvm.schema.SizeUnit;
import org.simvm.schema.TimeUnit;
import org.simvm.schema.YesNo;

/**
 * Turns generated objects into records, and finds what is wrong beyond the schema.
 *
 * <p>Runs on documents that the schema refused as well, so that all mistakes are told at once: what
 * is missing then was told already and is passed over here.
 */
final class SettingsConversion {

    private static final Duration LONGEST_INTERVAL = Duration.ofDays(366);
    private static final Duration LONGEST_JITTER = Duration.ofHours(1);
    private static final Duration DEFAULT_JITTER = Duration.ofSeconds(5);
    private static final Schedule DEFAULT_SCHEDULE = new Schedule.Interval(Duration.ofSeconds(60));
    private static final int MOST_ALERTS = 100_000;
    private static final long PAGE_BYTES = 4096;
    private static final String CRON_ADVICE =
            "write seconds, minutes, hours, day of month, month, day of week (one of the days "
                    + "is ?)";

    /**
     * Quartz uses 98 and 99 for "no value" and "every value", and takes them for that when a user
     * writes them.
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
        BigInteger bytes = region.getSize()
                .shiftLeft(
                        switch (unit) {
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
            problem(
                    monitor,
                    "file=\"" + text
                            + "\" on <monitor> has characters that this process's locale lacks",
                    "run it in a UTF-8 locale");
            return Optional.empty();
        }
        if (!file.normalize().toString().equals(text)) {
            problem(
                    monitor,
                    "file=\"" + text + "\" on <monitor> is not a plain path",
                    "write " + file.normalize() + " if that is what you mean");
        }
        return Optional.of(file);
    }

    /** What {@code integrity} and {@code group} say alike: when. */
    private record When(
            Locatable at,
            String element,
            BigInteger interval,
            TimeUnit unit,
            String cron,
            BigInteger jitter) {
        static When of(Integrity integrity) {
            return new When(
                    integrity,
                    "<integrity>",
                    integrity.getInterval(),
                    integrity.getUnit(),
                    integrity.getCron(),
                    integrity.getJitter());
        }

        static When of(Group group) {
            return new When(
                    group,
                    "<group>",
                    group.getInterval(),
                    group.getUnit(),
                    group.getCron(),
                    group.getJitter());
        }
    }

    private Optional<IntegritySettings> integrity(Integrity integrity) {
        Set<IntegrityCheck> own = checks(integrity.getCheck());
        List<CheckGroup> groups = new ArrayList<>();
        Set<IntegrityCheck> grouped = EnumSet.noneOf(IntegrityCheck.class);
        for (Group group : integrity.getGroup()) {
            Set<IntegrityCheck> checks = checks(group.getCheck());
            checks.removeAll(grouped); // a check in two groups is the schema's to refuse
            grouped.addAll(checks);
            When when = When.of(group);
            Schedule schedule = schedule(when);
            Duration jitter = jitter(when, schedule);
            if (group.getName() != null
                    && !checks.isEmpty()
                    && groups.stream().noneMatch(other -> other.name().equals(group.getName()))) {
                groups.add(new CheckGroup(group.getName(), schedule, jitter, checks));
            }
        }
        if (own.isEmpty()) {
            own = EnumSet.complementOf(EnumSet.copyOf(grouped));
        }
        When when = When.of(integrity);
        Schedule schedule = schedule(when);
        Duration jitter = jitter(when, schedule);
        if (!own.isEmpty()) {
            groups.add(0, new CheckGroup(CheckGroup.OWN, schedule, jitter, own));
        }
        return integrity.getEnabled() == YesNo.NO
                ? Optional.empty()
                : Optional.of(new IntegritySettings(groups));
    }

    private Set<IntegrityCheck> checks(List<Check> given) {
        Set<IntegrityCheck> checks = EnumSet.noneOf(IntegrityCheck.class);
        for (Check check : given) {
            if (check.getName() != null) {
                checks.add(named(
                        IntegrityCheck.values(),
                        IntegrityCheck::xmlName,
                        check.getName().value()));
            }
        }
        return checks;
    }

    private Schedule schedule(When when) {
        BigInteger interval = when.interval();
        if (interval != null && when.cron() != null) {
            problem(when.at(), when.element() + " has both interval and cron", "keep one of them");
            return DEFAULT_SCHEDULE;
        }
        if (when.unit() != null && interval == null) {
            problem(
                    when.at(),
                    "unit=\"" + when.unit().value() + "\" on " + when.element()
                            + " without interval",
                    "add interval=\"...\", or remove unit");
        }
        if (when.cron() != null) {
            return cron(when);
        }
        if (interval == null || interval.signum() <= 0) {
            return DEFAULT_SCHEDULE;
        }
        long unitSeconds = when.unit() == null
                ? 1
                : switch (when.unit()) {
                    case S -> 1;
                    case MIN -> 60;
                    case H -> 3600;
                };
        BigInteger seconds = interval.multiply(BigInteger.valueOf(unitSeconds));
        if (seconds.compareTo(BigInteger.valueOf(LONGEST_INTERVAL.toSeconds())) > 0) {
            problem(
                    when.at(),
                    "interval=\"" + interval + "\" on " + when.element() + " is longer than "
                            + LONGEST_INTERVAL.toDays() + " days",
                    "shorten it, or switch checks off by enabled=\"no\"");
            return DEFAULT_SCHEDULE;
        }
        return new Schedule.Interval(Duration.ofSeconds(seconds.longValueExact()));
    }

    private Schedule cron(When when) {
        String expression = when.cron();
        String what = "cron=\"" + expression + "\" on " + when.element();
        Matcher wildcard = QUARTZ_INNER_NUMBER.matcher(expression);
        if (wildcard.find()) {
            problem(
                    when.at(),
                    what + " is not a cron expression: " + wildcard.group() + " is out of range",
                    CRON_ADVICE);
            return new Schedule.Cron(expression);
        }
        try {
            if (new CronExpression(expression).getNextValidTimeAfter(new Date()) == null) {
                problem(
                        when.at(),
                        what + " never comes",
                        "correct the year, or the day of the month");
            }
        } catch (ParseException | RuntimeException e) {
            // Quartz lets some mistakes out as NumberFormatException and the like.
            problem(when.at(), what + " is not a cron expression: " + e.getMessage(), CRON_ADVICE);
        }
        return new Schedule.Cron(expression);
    }

    private Duration jitter(When when, Schedule schedule) {
        Optional<Duration> period = schedule instanceof Schedule.Interval interval
                ? Optional.of(interval.period())
                : Optional.empty();
        BigInteger given = when.jitter();
        if (given == null) {
            Duration tenth = period.map(p -> p.dividedBy(10)).orElse(DEFAULT_JITTER);
            return tenth.compareTo(DEFAULT_JITTER) < 0 ? tenth : DEFAULT_JITTER;
        }
        String what = "jitter=\"" + given + "\" on " + when.element() + " is longer than ";
        if (given.compareTo(BigInteger.valueOf(LONGEST_JITTER.toSeconds())) > 0) {
            problem(when.at(), what + LONGEST_JITTER.toSeconds() + " s", "shorten it");
            return DEFAULT_JITTER;
        }
        Duration jitter = Duration.ofSeconds(Math.max(0, given.longValueExact()));
        if (period.isPresent() && jitter.compareTo(period.get()) > 0) {
            problem(
                    when.at(),
                    what + "the interval",
                    "shorten it to " + period.get().toSeconds() + " s or less");
        }
        return jitter;
    }

    private PolicySettings policy(Policy policy, boolean required) {
        Map<ViolationKind, PolicyAction> violations = new EnumMap<>(ViolationKind.class);
        Map<FindingClass, PolicyAction> findings = new EnumMap<>(FindingClass.class);
        PolicyAction otherwise = named(
                PolicyAction.values(),
                PolicyAction::xmlName,
                policy.getDefault().value());
        for (Object rule : policy.getRules()) {
            if (rule instanceof OnViolation on && on.getKind() != null && on.getAction() != null) {
                violations.put(
                        named(
                                ViolationKind.values(),
                                ViolationKind::xmlName,
                                on.getKind().value()),
                        named(
                                PolicyAction.values(),
                                PolicyAction::xmlName,
                                on.getAction().value()));
            } else if (rule instanceof OnFinding on
                    && on.getFindingClass() != null
                    && on.getAction() != null) {
                FindingClass findingClass = named(
                        FindingClass.values(),
                        FindingClass::xmlName,
                        on.getFindingClass().value());
                PolicyAction action = named(
                        PolicyAction.values(),
                        PolicyAction::xmlName,
                        on.getAction().value());
                if (required
                        && findingClass == FindingClass.ARMING_FAILED
                        && !action.stopsGuest()) {
                    problem(
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
        return new PolicySettings(otherwise, violations, findings, Math.max(1, alerts));
    }

    /**
     * Adds a problem, unless the schema found one there: what follows from that would only confuse.
     */
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
        throw new IllegalStateException(
                "the schema knows a word that the settings do not: " + word);
    }
}
