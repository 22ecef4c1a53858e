// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import java.util.ArrayDeque;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * No class needs itself by way of others, a nested one being part of the one around it. Each knot
 * of classes is one violation (Tarjan's strongly connected components).
 */
final class BeFreeOfClassCycles extends ArchCondition<JavaClass> {
    private static final String PREFIX = "org.simvm.";

    private final Map<String, Set<String>> needs = new TreeMap<>();
    private final Set<String> known;

    /** @param known the first class of each knot that is accepted */
    BeFreeOfClassCycles(String... known) {
        super("be free of cycles among classes");
        this.known = Set.of(known);
    }

    @Override
    public void init(Collection<JavaClass> all) {
        needs.clear();
        for (JavaClass each : all) {
            String origin = outermost(each);
            Set<String> targets = needs.computeIfAbsent(origin, key -> new TreeSet<>());
            each.getDirectDependenciesFromSelf().stream()
                    .map(dependency -> dependency.getTargetClass().getBaseComponentType())
                    .filter(target -> target.getName().startsWith(PREFIX))
                    .map(BeFreeOfClassCycles::outermost)
                    .filter(target -> !target.equals(origin))
                    .forEach(targets::add);
        }
    }

    private static String outermost(JavaClass each) {
        String name = each.getName();
        int nested = name.indexOf('$');
        return nested < 0 ? name : name.substring(0, nested);
    }

    @Override
    public void check(JavaClass each, ConditionEvents events) {
        // All at once, in finish.
    }

    @Override
    public void finish(ConditionEvents events) {
        Search search = new Search(events);
        needs.keySet().forEach(search::visit);
    }

    private final class Search {
        private final ConditionEvents events;
        private final Map<String, Integer> index = new HashMap<>();
        private final Map<String, Integer> lowest = new HashMap<>();
        private final Deque<String> stack = new ArrayDeque<>();

        Search(ConditionEvents events) {
            this.events = events;
        }

        private void visit(String each) {
            if (index.containsKey(each)) {
                return;
            }
            int number = index.size();
            index.put(each, number);
            lowest.put(each, number);
            stack.push(each);
            for (String target : needs.getOrDefault(each, Set.of())) {
                visit(target);
                if (stack.contains(target)) {
                    lowest.merge(each, lowest.get(target), Math::min);
                }
            }
            if (lowest.get(each) == number) {
                pop(each);
            }
        }

        private void pop(String root) {
            Set<String> knot = new TreeSet<>();
            do {
                knot.add(stack.peek());
            } while (!stack.pop().equals(root));
            String first = knot.iterator().next();
            if (knot.size() > 1 && !known.contains(first.substring(PREFIX.length()))) {
                events.add(SimpleConditionEvent.violated(knot, "classes need each other: " + knot));
            }
        }
    }
}
