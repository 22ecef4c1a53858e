// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.OptionalLong;
import java.util.Set;
import java.util.stream.Collectors;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.Symbol;
import org.simvm.guest.memory.GuestMemoryException;
import org.simvm.guest.paging.VirtualMemory;
import org.simvm.region.HookDeclaration;
import org.simvm.region.MonitorProgram;

/**
 * Finds the five bytes that each hook replaces, and refuses what does not look exactly as it must.
 *
 * <p>A function compiled with {@code -mfentry} begins, behind an {@code ENDBR64} if there is one,
 * with {@code call __fentry__}; ftrace turns that into a five-byte NOP when the kernel starts
 * ({@code arch/x86/kernel/ftrace.c}). An {@code ENDBR64} that nobody needs is overwritten with one
 * of two NOPs ({@code gen_endbr_poison} in {@code arch/x86/include/asm/ibt.h}).
 */
final class HookFinder {
    private static final byte[] NOP5 = {0x0f, 0x1f, 0x44, 0x00, 0x00};
    private static final List<byte[]> ENDBR = List.of(
            new byte[] {(byte) 0xf3, 0x0f, 0x1e, (byte) 0xfa},
            new byte[] {0x66, 0x0f, 0x1f, 0x00}, // poison up to Linux 6.14
            new byte[] {0x0f, 0x1f, 0x40, (byte) 0xd6}); // poison since
    private static final int CALL = 0xe8;
    /**
     * More than any function of the entry code has; bounds what a hostile symbol table makes us
     * read.
     */
    private static final int LONGEST_CALLER = 1 << 16;

    private final Kernel kernel;
    private final VirtualMemory memory;
    private final NamedFunctions functions;
    private final HookPrototype prototypes;

    HookFinder(Kernel kernel, VirtualMemory memory) {
        this.kernel = kernel;
        this.memory = memory;
        this.functions = new NamedFunctions(kernel);
        this.prototypes = new HookPrototype(kernel);
    }

    /**
     * Chooses the hooks of all monitors: of each group of alternatives the first that this kernel
     * has.
     *
     * @throws ArmingException if a group that is not optional has no site
     */
    List<FoundHook> find(List<MonitorProgram> monitors) throws ArmingException {
        List<FoundHook> found = new ArrayList<>();
        for (int monitor = 0; monitor < monitors.size(); monitor++) {
            for (List<HookDeclaration> group : groups(monitors.get(monitor).hooks())) {
                findFirst(monitor, monitors.get(monitor).name(), group, found);
            }
        }
        Map<Long, FoundHook> bySite = new LinkedHashMap<>();
        for (FoundHook hook : found) {
            FoundHook other = bySite.put(hook.address(), hook);
            if (other != null) {
                throw new ArmingException(
                        ArmingFailure.Kind.HOOK_SITE,
                        "monitors "
                                + monitors.get(other.monitor()).name() + " and "
                                + monitors.get(hook.monitor()).name()
                                + " both hook " + hook.symbol() + "; load only one of them");
            }
        }
        return found;
    }

    private static List<List<HookDeclaration>> groups(List<HookDeclaration> hooks) {
        Map<Object, List<HookDeclaration>> groups = new LinkedHashMap<>();
        for (HookDeclaration hook : hooks) {
            Object key = hook.group() == 0 ? new Object() : hook.group();
            groups.computeIfAbsent(key, k -> new ArrayList<>()).add(hook);
        }
        return List.copyOf(groups.values());
    }

    private void findFirst(
            int monitor, String name, List<HookDeclaration> group, List<FoundHook> found)
            throws ArmingException {
        List<String> reasons = new ArrayList<>();
        for (HookDeclaration declaration : group) {
            try {
                found.add(find(monitor, declaration));
                return;
            } catch (NoHookSiteException e) {
                reasons.add(e.getMessage());
            } catch (GuestMemoryException e) {
                reasons.add(declaration.function() + " is not readable (" + e.getMessage() + ")");
            }
        }
        if (!group.stream().allMatch(HookDeclaration::optional)) {
            throw new ArmingException(
                    ArmingFailure.Kind.HOOK_SITE,
                    "monitor " + name
                            + " finds no place for its hook " + group.get(0).id() + " in Linux "
                            + kernel.version()
                            + ": " + String.join("; ", reasons));
        }
    }

    private FoundHook find(int monitor, HookDeclaration declaration)
            throws NoHookSiteException, GuestMemoryException {
        Place place = switch (declaration.kind()) {
            case FENTRY -> fentry(functions.only(declaration.function()));
            case CALL -> call(functions.only(declaration.caller()), declaration.function());
        };
        prototypes.check(declaration, place.before());
        long site = place.site();
        if (!kernel.text().contains(site, HookSite.LENGTH)) {
            throw new NoHookSiteException(
                    declaration.function() + " is outside of the kernel's text");
        }
        long gpa = memory.physical(site);
        if (memory.physical(site + HookSite.LENGTH - 1) != gpa + HookSite.LENGTH - 1) {
            throw new NoHookSiteException(declaration.function()
                    + ": its hook would cross two pages that are no neighbours");
        }
        String symbol = kernel.symbolAt(site)
                .map(at -> at.symbol().name()
                        + (at.offset() == 0 ? "" : "+0x" + Long.toHexString(at.offset())))
                .orElse(declaration.function());
        return new FoundHook(monitor, declaration, symbol, place.function(), site, gpa);
    }

    /**
     * Where a hook can be.
     *
     * @param function address of the hooked function
     * @param site address of the bytes that the hook replaces
     * @param before code of the caller up to a call; empty for a function's beginning
     */
    private record Place(long function, long site, byte[] before) {}

    private Place fentry(Symbol function) throws NoHookSiteException, GuestMemoryException {
        return new Place(
                function.address(), function.address() + fentryOffset(function), new byte[0]);
    }

    private int fentryOffset(Symbol function) throws NoHookSiteException, GuestMemoryException {
        byte[] code = memory.read(function.address(), 4 + HookSite.LENGTH);
        if (isFentry(code, 0, function.address())) {
            return 0;
        }
        byte[] first = Arrays.copyOf(code, 4);
        if (ENDBR.stream().anyMatch(endbr -> Arrays.equals(endbr, first))
                && isFentry(code, 4, function.address())) {
            return 4;
        }
        throw new NoHookSiteException(function.name() + " does not begin with ftrace's place ("
                + HexFormat.of().formatHex(code) + ")");
    }

    private boolean isFentry(byte[] code, int offset, long function) {
        if (Arrays.equals(code, offset, offset + HookSite.LENGTH, NOP5, 0, HookSite.LENGTH)) {
            return true;
        }
        OptionalLong fentry = kernel.symbol("__fentry__");
        return fentry.isPresent()
                && (code[offset] & 0xff) == CALL
                && callTarget(code, offset, function + offset) == fentry.getAsLong();
    }

    /** Of several functions of the name, the one that the caller calls is meant. */
    private Place call(Symbol caller, String name)
            throws NoHookSiteException, GuestMemoryException {
        Set<Long> named =
                functions.all(name).stream().map(Symbol::address).collect(Collectors.toSet());
        int length = (int) Math.min(caller.extent(), LONGEST_CALLER);
        byte[] code = memory.read(caller.address(), length);
        List<Place> places = new ArrayList<>();
        for (int at = 0; at + HookSite.LENGTH <= length; at++) {
            long target = callTarget(code, at, caller.address() + at);
            if ((code[at] & 0xff) == CALL && named.contains(target)) {
                places.add(new Place(target, caller.address() + at, Arrays.copyOf(code, at)));
            }
        }
        if (places.size() != 1) {
            throw new NoHookSiteException(caller.name() + " has "
                    + (places.isEmpty() ? "no" : places.size() + " places that") + " call "
                    + (places.isEmpty() ? "of " : "") + name);
        }
        return places.get(0);
    }

    private static long callTarget(byte[] code, int offset, long address) {
        int displacement = (code[offset + 1] & 0xff)
                | (code[offset + 2] & 0xff) << 8
                | (code[offset + 3] & 0xff) << 16
                | code[offset + 4] << 24;
        return address + HookSite.LENGTH + displacement;
    }

    /**
     * Returns the bytes at a found hook, if they still are what a hook may replace.
     *
     * @throws ArmingException if the kernel changed them since they were found
     */
    byte[] reread(FoundHook hook) throws ArmingException, GuestMemoryException {
        byte[] now = memory.read(hook.address(), HookSite.LENGTH);
        boolean fits = switch (hook.declaration().kind()) {
            case FENTRY -> isFentry(now, 0, hook.address());
            case CALL ->
                (now[0] & 0xff) == CALL && callTarget(now, 0, hook.address()) == hook.function();
        };
        if (!fits || memory.physical(hook.address()) != hook.gpa()) {
            throw new ArmingException(
                    ArmingFailure.Kind.HOOK_SITE,
                    hook.symbol()
                            + " no longer is what it was when the kernel started ("
                            + HexFormat.of().formatHex(now) + "): a kernel feature patches it");
        }
        return now;
    }

    /** Returns the call instruction from an address to a target, which must be within 2 GiB. */
    static byte[] callInstruction(long address, long target) {
        long displacement = target - (address + HookSite.LENGTH);
        if (displacement != (int) displacement) {
            throw new IllegalArgumentException(
                    String.format("0x%x is out of reach of a call at 0x%x", target, address));
        }
        return new byte[] {
            (byte) CALL,
            (byte) displacement,
            (byte) (displacement >> 8),
            (byte) (displacement >> 16),
            (byte) (displacement >> 24)
        };
    }
}
