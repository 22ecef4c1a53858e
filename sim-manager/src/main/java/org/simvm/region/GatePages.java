// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.simvm.region.BootValues.ArmedHook;
import org.simvm.region.SimAbi.Declaration;

/**
 * Patches the pages of the gate template for one boot (docs/interfaces.md §2). The pages that the
 * guest is shown get nothing that is secret: offsets and addresses of its own kernel, and which
 * calls the monitors want.
 */
final class GatePages {
    /** Bytes from the word that says whether a stack is taken to the stack's end. */
    private static final int STACK_TAKEN_WORD = 16;
    /**
     * {@code lea 0(%rsi), %eax}, with 32 bits of displacement: one instruction of the patch's
     * length.
     */
    private static final byte[] LOAD_ARGUMENT = {(byte) 0x8d, (byte) 0x86, 0x00, 0x00, 0x00, 0x00};
    /** {@code mov disp32(%rdi), %eax}, without the displacement. */
    private static final byte[] LOAD_FIELD = {(byte) 0x8b, (byte) 0x87};

    private final RegionPlan plan;
    private final long virtual;
    private final List<ProgramImage> monitors;

    /**
     * @param virtual guest virtual address of the page that hooks call
     * @param monitors their images, slots and parameters filled in
     */
    GatePages(RegionPlan plan, long virtual, List<ProgramImage> monitors) {
        this.plan = plan;
        this.virtual = virtual;
        this.monitors = monitors;
    }

    /**
     * A copy of the template's page, with the gate's own instruction for each change of the view.
     */
    ByteBuffer bytes(GateTemplate.Page page) {
        GateTemplate gates = plan.gates();
        ByteBuffer template = switch (page) {
            case ENTRY -> gates.entry();
            case ENTRY_SIM -> gates.entrySim();
            case INNER -> gates.inner();
            case EXIT -> gates.exit();
        };
        ByteBuffer bytes = ByteBuffer.allocate(SimAbi.PAGE_SIZE).order(ByteOrder.LITTLE_ENDIAN);
        bytes.put(0, template, 0, SimAbi.PAGE_SIZE);
        switchBy(plan.gate(), page, bytes);
        return bytes;
    }

    /** Patches the page that hooks call. */
    void patchOuter(ByteBuffer bytes, BootValues boot) throws RegionException {
        bytes.putInt(offset(outer("current_offset")), boot.currentTaskOffset());
        if (!plan.gate().inGuest()) {
            bytes.putInt(offset("x1_port"), plan.doorbellPort());
        }
        List<Entry> entries = entries(boot);
        for (int i = 0; i < entries.size(); i++) {
            Entry entry = entries.get(i);
            if (entry.filter().isPresent()) {
                patchFilter(bytes, entry, boot.callTargets().get(i));
            } else {
                putJump(
                        bytes,
                        outer("call_target_") + entry.number(),
                        boot.callTargets().get(i));
            }
        }
    }

    /**
     * Patches G2: SIM CR3, virtual address of the stacks (a guard page first), and that of the
     * dispatcher.
     */
    void patchInner(ByteBuffer bytes, long root, long stacks, long dispatch) {
        bytes.putLong(offset("g2_sim_cr3"), root);
        // The way out compares CR3 with two numbers of 32 bits, the second turned by 31.
        bytes.putInt(offset("g2_sim_cr3_low"), (int) root);
        bytes.putInt(offset("g2_sim_cr3_high"), (int) ((root - (int) root) >>> 31));
        long first = stacks + RegionPlan.STACK_STRIDE - STACK_TAKEN_WORD;
        bytes.putLong(offset("g2_stack_first"), first);
        bytes.putLong(offset("g2_stack_again"), first);
        bytes.putInt(offset("g2_stack_stride"), (int) RegionPlan.STACK_STRIDE);
        bytes.putInt(offset("g2_stack_end"), (int)
                (first + plan.stackCount() * RegionPlan.STACK_STRIDE));
        bytes.putLong(offset("g2_dispatch"), dispatch);
        if (plan.gates().patches().containsKey(GateLoader.GATE_PAGE)) {
            bytes.putInt(offset(GateLoader.GATE_PAGE), (int) (virtual / SimAbi.PAGE_SIZE));
        }
    }

    /** What a fentry hook calls. */
    long fentryEntry() {
        return virtual + offset(outer("fentry"));
    }

    /** What each redirected call calls, in the order of {@link BootValues#callTargets()}. */
    List<Long> callEntries(BootValues boot) {
        return entries(boot).stream()
                .map(entry -> virtual
                        + offset(outer(entry.filter().isPresent() ? "filter_" : "call_stub_")
                                + entry.number()))
                .toList();
    }

    /**
     * An entry of the gate for one redirected call.
     *
     * @param number of the stub among those of its kind
     * @param hook null if the call belongs to no hook
     */
    private record Entry(int number, ArmedHook hook, Optional<FilterDeclaration> filter) {}

    private List<Entry> entries(BootValues boot) {
        List<ArmedHook> calls = boot.hooks().stream()
                .filter(hook -> hook.declaration().kind() == HookDeclaration.Kind.CALL)
                .toList();
        List<Entry> entries = new ArrayList<>();
        int stubs = 0;
        int filters = 0;
        for (int i = 0; i < boot.callTargets().size(); i++) {
            ArmedHook hook = i < calls.size() ? calls.get(i) : null;
            Optional<FilterDeclaration> filter = hook != null && filters < GateLoader.FILTERS
                    ? filterOf(hook)
                    : Optional.empty();
            entries.add(new Entry(filter.isPresent() ? filters++ : stubs++, hook, filter));
        }
        return entries;
    }

    /** The filter of a hook, if it has one that spares any call. */
    private Optional<FilterDeclaration> filterOf(ArmedHook hook) {
        ProgramImage monitor = monitors.get(hook.monitor());
        return plan.monitors().get(hook.monitor()).program().filters().stream()
                .filter(filter -> filter.hook() == hook.declaration().id())
                .filter(filter -> filter.enabled() == 0
                        || monitor.valueAt(filter.enabled(), Long.BYTES).getLong(0) != 0)
                .filter(filter -> !wantsAll(bitmap(hook, filter), filter.count()))
                .findFirst();
    }

    private byte[] bitmap(ArmedHook hook, FilterDeclaration filter) {
        ParameterDeclaration set =
                plan.monitors().get(hook.monitor()).program().parameters().stream()
                        .filter(each -> each.address() == filter.set())
                        .findFirst()
                        .orElseThrow();
        ByteBuffer value = monitors.get(hook.monitor()).valueAt(filter.set(), set.size());
        byte[] bits = new byte[Declaration.FILTER_NUMBERS / 8];
        for (int number = 0; number < filter.count(); number++) {
            int bit = filter.first() + number;
            if ((value.get(bit / 8) >> bit % 8 & 1) != 0) {
                bits[number / 8] |= (byte) (1 << number % 8);
            }
        }
        return bits;
    }

    private static boolean wantsAll(byte[] bits, int count) {
        for (int number = 0; number < count; number++) {
            if ((bits[number / 8] >> number % 8 & 1) == 0) {
                return false;
            }
        }
        return true;
    }

    private void patchFilter(ByteBuffer bytes, Entry entry, long target) throws RegionException {
        FilterDeclaration filter = entry.filter().orElseThrow();
        int load = offset(outer("filter_load_") + entry.number());
        if (filter.slot() == 0) {
            bytes.put(load, LOAD_ARGUMENT);
        } else {
            long field = monitors.get(entry.hook().monitor())
                    .valueAt(filter.slot(), Long.BYTES)
                    .getLong(0);
            if (field < 0 || field != (int) field) {
                throw new RegionException("hook " + entry.hook().declaration().function()
                        + " finds its number at offset " + field
                        + ", which no structure of this kernel has; use a monitor "
                        + "that knows this kernel");
            }
            bytes.put(load, LOAD_FIELD);
            bytes.putInt(load + LOAD_FIELD.length, (int) field);
        }
        bytes.putInt(offset(outer("filter_mask_") + entry.number()), ~filter.ignored());
        bytes.putInt(offset(outer("filter_count_") + entry.number()), filter.count());
        bytes.put(offset(outer("filter_bits_") + entry.number()), bitmap(entry.hook(), filter));
        putJump(bytes, outer("filter_skip_") + entry.number(), target);
        putJump(bytes, outer("filter_target_") + entry.number(), target);
    }

    /** The operand of a jump, which counts from the byte behind it. */
    private void putJump(ByteBuffer bytes, String symbol, long target) throws RegionException {
        long distance = target - (virtual + offset(symbol) + 4);
        if (distance != (int) distance) {
            throw new RegionException(String.format(
                    "a redirected call goes to 0x%x, which the gate's jump does not" + " reach",
                    target));
        }
        bytes.putInt(offset(symbol), (int) distance);
    }

    /**
     * Puts a hypercall in place of each VMFUNC of the template; registers and length are the same.
     */
    private void switchBy(GateKind kind, GateTemplate.Page page, ByteBuffer bytes) {
        if (kind == GateKind.VMFUNC || !kind.inGuest()) {
            return;
        }
        GateLoader.SWITCHES.forEach((symbol, where) -> {
            if (where == page) {
                for (int i = 0; i < 3; i++) {
                    bytes.put(offset(symbol) + i, (byte) (kind.switching() >>> (16 - 8 * i)));
                }
            }
        });
    }

    /** The name of a symbol in the page that hooks call. */
    private String outer(String symbol) {
        return (plan.gate().inGuest() ? "g1_" : "x1_") + symbol;
    }

    private int offset(String symbol) {
        return plan.gates().patches().get(symbol).offset();
    }
}
