// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.simvm.region.SimAbi.Declaration;

/** Reads the declaration sections of a monitor's ELF file ({@code sim_monitor.h}, first part). */
public final class ProgramLoader {
    private static final String NEXT = "; correct the monitor's source and build it again";

    private static final Pattern PARAMETERS =
            Pattern.compile("\\((number|\\w+\\*)(,(number|\\w+\\*))*\\)");

    private final ElfImage image;

    private ProgramLoader(ElfImage image) {
        this.image = image;
    }

    /**
     * Reads a monitor's ELF file: ET_DYN, x86-64, docs/interfaces.md §2.
     *
     * @throws RegionException if it can't be read or breaks a rule; one line that names file, rule
     *     and next step
     */
    public static MonitorProgram load(Path file) throws RegionException {
        ElfImage image = ElfImage.read(file);
        ProgramLoader loader = new ProgramLoader(image);
        return new MonitorProgram(
                file.getFileName().toString().replaceFirst("\\.elf$", ""),
                file,
                image.segments(),
                image.relocations(),
                loader.hooks(),
                loader.slots(),
                loader.parameters(),
                loader.filters(),
                loader.dispatch());
    }

    private long dispatch() throws RegionException {
        Long address = image.symbols().get("sim_dispatch");
        if (address != null && !isExecutable(address)) {
            throw fault(String.format("sim_dispatch is at 0x%x, where there is no code", address));
        }
        return address != null ? address : 0;
    }

    private List<HookDeclaration> hooks() throws RegionException {
        List<HookDeclaration> hooks = new ArrayList<>();
        Set<Integer> ids = new HashSet<>();
        for (ByteBuffer entry : entries(".sim_hooks", Declaration.HOOK_SIZE)) {
            String prototype =
                    text(entry, Declaration.HOOK_FUNCTION, Declaration.NAME_SIZE, ".sim_hooks");
            String function = prototype.replaceFirst("\\(.*", "");
            String caller =
                    text(entry, Declaration.HOOK_CALLER, Declaration.NAME_SIZE, ".sim_hooks");
            int id = entry.getInt(Declaration.HOOK_ID);
            long handler = entry.getLong(Declaration.HOOK_HANDLER);
            int kindNumber = entry.getInt(Declaration.HOOK_KIND);
            HookDeclaration.Kind kind = switch (kindNumber) {
                case Declaration.KIND_FENTRY -> HookDeclaration.Kind.FENTRY;
                case Declaration.KIND_CALL -> HookDeclaration.Kind.CALL;
                default ->
                    throw fault("hook " + id + " (" + function + ") is of kind " + kindNumber
                            + ", which there is not");
            };
            if (function.isEmpty() || (kind == HookDeclaration.Kind.CALL) == caller.isEmpty()) {
                throw fault(
                        "hook " + id + " names function '" + function + "' and caller '" + caller
                                + "', and a hook of kind " + kind
                                + (kind == HookDeclaration.Kind.CALL
                                        ? " needs both"
                                        : " needs a function and no caller"));
            }
            if (!ids.add(id)) {
                throw fault("two hooks have the id " + id);
            }
            if (!isExecutable(handler)) {
                throw fault(String.format(
                        "the handler of hook %d (%s) is at 0x%x, where there is no code",
                        id, function, handler));
            }
            hooks.add(new HookDeclaration(
                    kind,
                    function,
                    parameters(id, prototype.substring(function.length())),
                    caller,
                    handler,
                    id,
                    entry.getInt(Declaration.HOOK_GROUP),
                    (entry.getInt(Declaration.HOOK_FLAGS) & Declaration.HOOK_OPTIONAL) != 0));
        }
        return hooks;
    }

    private List<String> parameters(int hook, String list) throws RegionException {
        if (list.isEmpty()) {
            return List.of();
        }
        if (!PARAMETERS.matcher(list).matches()) {
            throw fault("hook " + hook + " takes '" + list
                    + "'; write each parameter as STRUCT* or number, as in (pt_regs*,number)");
        }
        return List.of(list.substring(1, list.length() - 1).split(",", -1));
    }

    private List<SlotDeclaration> slots() throws RegionException {
        List<SlotDeclaration> slots = new ArrayList<>();
        for (ByteBuffer entry : entries(".sim_slots", Declaration.SLOT_SIZE)) {
            String name =
                    text(entry, Declaration.SLOT_NAME, Declaration.SLOT_NAME_SIZE, ".sim_slots");
            long address = entry.getLong(Declaration.SLOT_ADDRESS);
            if (name.isEmpty()) {
                throw fault("a slot has no name");
            }
            requireReadOnlyData(address, 8, "slot " + name);
            slots.add(new SlotDeclaration(name, address));
        }
        return slots;
    }

    private List<ParameterDeclaration> parameters() throws RegionException {
        Map<String, Map<String, List<Integer>>> names = names();
        List<ParameterDeclaration> parameters = new ArrayList<>();
        for (ByteBuffer entry : entries(".sim_parameters", Declaration.PARAMETER_SIZE)) {
            String name = text(
                    entry, Declaration.PARAMETER_NAME, Declaration.NAME_SIZE, ".sim_parameters");
            long address = entry.getLong(Declaration.PARAMETER_ADDRESS);
            int size = entry.getInt(Declaration.PARAMETER_BYTES);
            int typeNumber = entry.getInt(Declaration.PARAMETER_TYPE);
            if (typeNumber < 1 || typeNumber > ParameterDeclaration.Type.values().length) {
                throw fault(
                        "parameter " + name + " is of type " + typeNumber + ", which there is not");
            }
            ParameterDeclaration.Type type = ParameterDeclaration.Type.values()[typeNumber - 1];
            if (name.isEmpty()
                    || size <= 0
                    || size % 8 != 0
                    || (type != ParameterDeclaration.Type.SET && size != 8)) {
                throw fault("parameter '" + name + "' of type " + type + " has " + size + " bytes");
            }
            requireReadOnlyData(address, size, "parameter " + name);
            Map<String, List<Integer>> bits = names.getOrDefault(name, Map.of());
            for (Map.Entry<String, List<Integer>> each : bits.entrySet()) {
                if (each.getValue().stream().anyMatch(bit -> bit < 0 || bit >= size * 8L)) {
                    throw fault(".sim_names gives " + each.getKey() + " a bit that parameter "
                            + name + " has no room for");
                }
            }
            parameters.add(new ParameterDeclaration(name, type, address, size, bits));
        }
        return parameters;
    }

    private List<FilterDeclaration> filters() throws RegionException {
        List<FilterDeclaration> filters = new ArrayList<>();
        Map<Integer, HookDeclaration> hooks = new HashMap<>();
        for (HookDeclaration hook : hooks()) {
            hooks.put(hook.id(), hook);
        }
        for (ByteBuffer entry : entries(".sim_filters", Declaration.FILTER_SIZE)) {
            FilterDeclaration filter = new FilterDeclaration(
                    entry.getInt(Declaration.FILTER_HOOK),
                    entry.getLong(Declaration.FILTER_SET),
                    entry.getLong(Declaration.FILTER_ENABLED),
                    entry.getLong(Declaration.FILTER_SLOT),
                    entry.getInt(Declaration.FILTER_FIRST),
                    entry.getInt(Declaration.FILTER_COUNT),
                    entry.getInt(Declaration.FILTER_IGNORED));
            String what = "the filter of hook " + filter.hook();
            HookDeclaration hook = hooks.get(filter.hook());
            if (hook == null || hook.kind() != HookDeclaration.Kind.CALL) {
                throw fault(what + " belongs to no hook of kind CALL");
            }
            if (filters.stream().anyMatch(other -> other.hook() == filter.hook())) {
                throw fault("hook " + filter.hook() + " has two filters");
            }
            ParameterDeclaration set =
                    parameterAt(filter.set(), ParameterDeclaration.Type.SET, what);
            if (filter.count() < 1
                    || filter.count() > Declaration.FILTER_NUMBERS
                    || filter.first() < 0
                    || (long) filter.first() + filter.count() > set.size() * 8L) {
                throw fault(what + " wants " + filter.count() + " numbers from bit "
                        + filter.first() + " on, and there are " + set.size() * 8L
                        + " in the set and " + Declaration.FILTER_NUMBERS + " in a filter");
            }
            if (filter.enabled() != 0) {
                parameterAt(filter.enabled(), ParameterDeclaration.Type.BOOLEAN, what);
            }
            if (filter.slot() != 0
                    && slots().stream().noneMatch(slot -> slot.address() == filter.slot())) {
                throw fault(String.format(
                        "%s finds its number by a slot at 0x%x, where there is none",
                        what, filter.slot()));
            }
            filters.add(filter);
        }
        return filters;
    }

    private ParameterDeclaration parameterAt(
            long address, ParameterDeclaration.Type type, String what) throws RegionException {
        return parameters().stream()
                .filter(each -> each.address() == address && each.type() == type)
                .findFirst()
                .orElseThrow(() -> fault(String.format(
                        "%s needs a parameter of type %s at 0x%x, where there is none",
                        what, type, address)));
    }

    /** Parameter name → set member → bits. */
    private Map<String, Map<String, List<Integer>>> names() throws RegionException {
        Map<String, Map<String, List<Integer>>> names = new HashMap<>();
        ElfImage.Section section = image.sections().get(".sim_names");
        if (section == null) {
            return names;
        }
        byte[] text = new byte[section.bytes().remaining()];
        section.bytes().get(0, text);
        for (String line : new String(text, StandardCharsets.ISO_8859_1).split("[\n\0]+", 0)) {
            if (line.isEmpty()) {
                continue;
            }
            String[] word = line.split(" ", 0);
            if (word.length != 3 || !word[1].matches("[0-9]{1,6}")) {
                throw fault(".sim_names has the line '" + printable(line)
                        + "', not 'PARAMETER BIT NAME'");
            }
            names.computeIfAbsent(word[0], each -> new TreeMap<>())
                    .computeIfAbsent(word[2], each -> new ArrayList<>())
                    .add(Integer.parseInt(word[1]));
        }
        return names;
    }

    private List<ByteBuffer> entries(String name, int entrySize) throws RegionException {
        List<ByteBuffer> entries = new ArrayList<>();
        ElfImage.Section section = image.sections().get(name);
        if (section == null) {
            return entries;
        }
        ByteBuffer bytes = section.bytes();
        if (bytes.limit() % entrySize != 0) {
            throw fault("section " + name + " has " + bytes.limit() + " bytes, no multiple of "
                    + entrySize + ": it was built with another sim_monitor.h");
        }
        for (int offset = 0; offset < bytes.limit(); offset += entrySize) {
            entries.add(bytes.slice(offset, entrySize).order(bytes.order()));
        }
        return entries;
    }

    private String text(ByteBuffer entry, int offset, int size, String section)
            throws RegionException {
        byte[] bytes = new byte[size];
        entry.get(offset, bytes);
        int length = 0;
        while (length < size && bytes[length] != 0) {
            if (bytes[length] <= 0x20 || bytes[length] == 0x7f) {
                throw fault("section " + section
                        + " has a name with a byte that is no printable ASCII");
            }
            length++;
        }
        if (length == size) {
            throw fault("section " + section + " has a name without an end (more than " + (size - 1)
                    + " bytes)");
        }
        return new String(bytes, 0, length, StandardCharsets.US_ASCII);
    }

    private boolean isExecutable(long address) {
        ProgramSegment segment = image.segmentOf(address, 1);
        return segment != null && segment.access().execute();
    }

    private void requireReadOnlyData(long address, long size, String what) throws RegionException {
        ProgramSegment segment = image.segmentOf(address, size);
        if (segment == null || segment.access().write() || address % 8 != 0) {
            throw fault(String.format(
                    "%s is at 0x%x, which is not in read-only data or not a multiple of 8",
                    what, address));
        }
    }

    private static String printable(String text) {
        return text.replaceAll("[^ -~]", "?").substring(0, Math.min(80, text.length()));
    }

    private RegionException fault(String what) {
        return new RegionException(image.file() + ": " + what + NEXT);
    }
}
