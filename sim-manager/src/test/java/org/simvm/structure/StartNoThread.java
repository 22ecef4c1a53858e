// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import com.tngtech.archunit.core.domain.JavaCodeUnit;
import com.tngtech.archunit.core.domain.JavaConstructor;
import com.tngtech.archunit.core.domain.JavaMethod;
import com.tngtech.archunit.core.domain.JavaMethodCall;
import com.tngtech.archunit.lang.ArchCondition;
import com.tngtech.archunit.lang.ConditionEvents;
import com.tngtech.archunit.lang.SimpleConditionEvent;

import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;

/**
 * A constructor, or what it calls of its own class, starts no thread and gives none work: that
 * thread would see an object that is not finished.
 */
final class StartNoThread extends ArchCondition<JavaConstructor> {
    StartNoThread() {
        super("start no thread");
    }

    @Override
    public void check(JavaConstructor constructor, ConditionEvents events) {
        check(constructor, constructor, new HashSet<>(), events);
    }

    private static void check(
            JavaConstructor constructor,
            JavaCodeUnit unit,
            Set<JavaCodeUnit> seen,
            ConditionEvents events) {
        if (!seen.add(unit)) {
            return;
        }
        for (JavaMethodCall call : unit.getMethodCallsFromSelf()) {
            // What a lambda does is done when it is called, not by the constructor.
            if (call.isDeclaredInLambda()) {
                continue;
            }
            if (starts(call)) {
                events.add(SimpleConditionEvent.violated(
                        constructor, constructor.getFullName() + ": " + call.getDescription()));
            }
            if (call.getTargetOwner().equals(constructor.getOwner())) {
                call.getTarget()
                        .resolveMember()
                        .filter(JavaMethod.class::isInstance)
                        .ifPresent(own -> check(constructor, own, seen, events));
            }
        }
    }

    private static boolean starts(JavaMethodCall call) {
        String name = call.getName();
        if (call.getTargetOwner().isAssignableTo(Thread.class)) {
            return name.equals("start");
        }
        return call.getTargetOwner().isAssignableTo(Executor.class)
                ? name.matches("execute|submit|invoke.*|schedule.*")
                : call.getTargetOwner().isEquivalentTo(CompletableFuture.class)
                        && name.endsWith("Async");
    }
}
