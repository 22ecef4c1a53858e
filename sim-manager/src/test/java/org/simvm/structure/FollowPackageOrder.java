// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import com.tngtech.archunit.core.domain.Dependency;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.function.Supplier;

/** Each class is in a package of a list, uses none of those above it, and no package is empty. */
final class FollowPackageOrder extends ArchCondition<JavaClass> {
    private static final String PREFIX = "org.simvm.";
    /** Another module's, and below all of this one. */
    private static final String SCHEMA = "schema";

    private final Supplier<List<String>> table;
    private List<String> topDown = List.of();
    private Set<String> unseen = Set.of();

    /**
     * @param table read when the rule is checked, as another process, with another working
     *     directory, may look for tests
     */
    FollowPackageOrder(String document, Supplier<List<String>> table) {
        super("follow the order in %s", document);
        this.table = table;
    }

    @Override
    public void init(Collection<JavaClass> all) {
        topDown = table.get();
        unseen = new HashSet<>(topDown);
    }

    @Override
    public void check(JavaClass origin, ConditionEvents events) {
        String name = name(origin);
        if (name.equals(SCHEMA)) {
            return;
        }
        int floor = topDown.indexOf(name);
        unseen.remove(name);
        if (floor < 0) {
            violated(origin, events, origin.getName() + " is in a package that is not listed");
            return;
        }
        for (Dependency dependency : origin.getDirectDependenciesFromSelf()) {
            JavaClass target = dependency.getTargetClass();
            if (target.getPackageName().startsWith(PREFIX)
                    && !name(target).equals(SCHEMA)
                    && topDown.indexOf(name(target)) < floor) {
                violated(origin, events, "upwards: " + dependency.getDescription());
            }
        }
    }

    @Override
    public void finish(ConditionEvents events) {
        for (String each : unseen) {
            violated(each, events, "there is no package " + each);
        }
    }

    private static String name(JavaClass each) {
        return each.getPackageName().substring(PREFIX.length());
    }

    private static void violated(Object subject, ConditionEvents events, String message) {
        events.add(SimpleConditionEvent.violated(subject, message));
    }
}
