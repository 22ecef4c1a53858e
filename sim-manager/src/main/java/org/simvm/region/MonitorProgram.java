// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;

/**
 * A monitor (or {@code core}) as its ELF file has it, ready to be placed in a region.
 *
 * @param name the file's name without {@code .elf}; what the domain XML calls the monitor
 * @param file where it came from, for messages
 * @param segments its PT_LOADs by rising address, no two on one page
 * @param relocations where the load base is added ({@code R_X86_64_RELATIVE}): address as linked →
 *     addend
 * @param hooks from {@code .sim_hooks}, in that order
 * @param slots from {@code .sim_slots}
 * @param parameters from {@code .sim_parameters} and {@code .sim_names}
 * @param filters from {@code .sim_filters}, one for a hook at most
 * @param dispatch address of {@code sim_dispatch} as linked, 0 if the file has none (only core.elf
 *     does)
 */
public record MonitorProgram(
        String name,
        Path file,
        List<ProgramSegment> segments,
        Map<Long, Long> relocations,
        List<HookDeclaration> hooks,
        List<SlotDeclaration> slots,
        List<ParameterDeclaration> parameters,
        List<FilterDeclaration> filters,
        long dispatch) {
    public MonitorProgram {
        segments = List.copyOf(segments);
        relocations = Map.copyOf(relocations);
        hooks = List.copyOf(hooks);
        slots = List.copyOf(slots);
        parameters = List.copyOf(parameters);
        filters = List.copyOf(filters);
    }
}
