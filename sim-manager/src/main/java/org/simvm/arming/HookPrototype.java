// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Parameter;
import org.simvm.region.HookDeclaration;

/**
 * Compares what a handler takes a function's arguments for with what they are: the order of those
 * of {@code do_syscall_64} was another up to Linux 5.13.
 *
 * <p>BTF has the prototypes of functions that ftrace traces and, since pahole 1.22, of some others.
 * For a redirected call that it lacks, the entry code itself tells in which register it puts the
 * address of {@code pt_regs}, which is the top of its stack.
 */
final class HookPrototype {
    private static final String REGISTERS = "pt_regs*";
    /** {@code mov %rsp,%rdi} and {@code mov %rsp,%rsi}: the first and the second argument. */
    private static final List<String> STACK_TO_ARGUMENT = List.of("4889e7", "4889e6");

    private final Kernel kernel;

    HookPrototype(Kernel kernel) {
        this.kernel = kernel;
    }

    /**
     * Checks a hook against the prototype, if its monitor declares one.
     *
     * @param before for a redirected call, the code of the caller up to the call; else empty
     * @throws NoHookSiteException if the prototype is another, or nothing tells it
     */
    void check(HookDeclaration hook, byte[] before) throws NoHookSiteException {
        List<String> declared = hook.parameters();
        if (declared.isEmpty()) {
            return;
        }
        Optional<List<Parameter>> known = kernel.parameters(hook.function());
        if (known.isPresent()) {
            List<String> found = known.get().stream().map(Object::toString).toList();
            if (found.size() < declared.size()
                    || !found.subList(0, declared.size()).equals(declared)) {
                throw new NoHookSiteException(hook.function() + " takes (" + String.join(",", found)
                        + "), and the monitor reads (" + String.join(",", declared) + ")");
            }
            return;
        }
        String code = HexFormat.of().formatHex(before);
        int registers = declared.indexOf(REGISTERS);
        if (hook.kind() != HookDeclaration.Kind.CALL
                || registers < 0
                || registers >= STACK_TO_ARGUMENT.size()) {
            throw new NoHookSiteException("BTF does not tell what " + hook.function() + " takes");
        }
        for (int i = 0; i < STACK_TO_ARGUMENT.size(); i++) {
            if (holds(code, STACK_TO_ARGUMENT.get(i)) != (i == registers)) {
                throw new NoHookSiteException(hook.caller() + " does not pass " + REGISTERS
                        + " as argument " + (registers + 1) + " of " + hook.function());
            }
        }
    }

    /** Finds an instruction in code in hexadecimal, at whole bytes. */
    private static boolean holds(String code, String instruction) {
        int at = code.indexOf(instruction);
        while (at >= 0 && at % 2 != 0) {
            at = code.indexOf(instruction, at + 1);
        }
        return at >= 0;
    }
}
