// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.math.BigInteger;
import java.text.ParseException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Date;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.glassfish.jaxb.core.Locatable;
import org.quartz.CronExpression;
import org.simvm.schema.Check;
import org.simvm.schema.Group;
import org.simvm.schema.Integrity;
import org.simvm.schema.TimeUnit;
import org.simvm.schema.YesNo;

/** Turns {@code <integrity>} into groups of checks, each with its schedule. */
final class IntegrityConversion {
    private static final Duration LONGEST_INTERVAL = Duration.ofDays(366);
    private static final Duration LONGEST_JITTER = Duration.ofHours(1);
    private static final Duration DEFAULT_JITTER = Duration.ofSeconds(5);
    private static final Schedule DEFAULT_SCHEDULE = new Schedule.Interval(Duration.ofSeconds(60));
    private static final String CRON_ADVICE =
            "write seconds, minutes, hours, day of month, month, day of week (one of the days "
                    + "is ?)";

    /**
     * Quartz uses 98 and 99 for "no value" and "every value", and takes them for that when a user
     * writes them.
     */
    private static final Pattern QUARTZ_INNER_NUMBER = Pattern.compile("(?<![0-9])9[89](?![0-9])");

    private final ConversionProblems problems;

    IntegrityConversion(ConversionProblems problems) {
        this.problems = problems;
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

    Optional<IntegritySettings> convert(Integrity integrity) {
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
                checks.add(SchemaWords.named(
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
            problems.add(
                    when.at(), when.element() + " has both interval and cron", "keep one of them");
            return DEFAULT_SCHEDULE;
        }
        if (when.unit() != null && interval == null) {
            problems.add(
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
            problems.add(
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
            problems.add(
                    when.at(),
                    what + " is not a cron expression: " + wildcard.group() + " is out of range",
                    CRON_ADVICE);
            return new Schedule.Cron(expression);
        }
        try {
            if (new CronExpression(expression).getNextValidTimeAfter(Date.from(Instant.now()))
                    == null) {
                problems.add(
                        when.at(),
                        what + " never comes",
                        "correct the year, or the day of the month");
            }
        } catch (ParseException | RuntimeException e) {
            // Quartz lets some mistakes out as NumberFormatException and the like.
            problems.add(
                    when.at(), what + " is not a cron expression: " + e.getMessage(), CRON_ADVICE);
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
            problems.add(when.at(), what + LONGEST_JITTER.toSeconds() + " s", "shorten it");
            return DEFAULT_JITTER;
        }
        Duration jitter = Duration.ofSeconds(Math.max(0, given.longValueExact()));
        if (period.isPresent() && jitter.compareTo(period.get()) > 0) {
            problems.add(
                    when.at(),
                    what + "the interval",
                    "shorten it to " + period.get().toSeconds() + " s or less");
        }
        return jitter;
    }
}
