// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The Java twin of the C headers says the same as the C compiler does. */
class SimAbiTests {
    private static final Map<String, Integer> TWINS = new LinkedHashMap<>();

    private static void size(String struct, int value) {
        TWINS.put("sizeof(struct " + struct + ")", value);
    }

    private static void offset(String struct, String member, int value) {
        TWINS.put("offsetof(struct " + struct + ", " + member + ")", value);
    }

    private static void constant(String name, int value) {
        TWINS.put(name, value);
    }

    static {
        constant("SIM_ABI_VERSION", SimAbi.VERSION);
        constant("SIM_ABI_VMFUNC", SimAbi.VMFUNC_VERSION);
        constant("SIM_PAGE_SIZE", SimAbi.PAGE_SIZE);
        constant("SIM_MAX_SEGMENTS", SimAbi.MAX_SEGMENTS);
        constant("SIM_MAX_RAM_RANGES", SimAbi.MAX_RAM_RANGES);
        constant("SIM_CONFIG_VERSION", SimAbi.CONFIG_VERSION);
        constant("SIM_MAX_HOOKS", SimAbi.MAX_HOOKS);
        constant("SIM_HOOK_SLOTS", SimAbi.HOOK_SLOTS);
        constant("SIM_HOOK_SHIFT", SimAbi.HOOK_SHIFT);
        constant("SIM_MAX_STACKS", SimAbi.MAX_STACKS);
        constant("SIM_VIEW_NORMAL", View.NORMAL.code());
        constant("SIM_VIEW_SIM", View.SIM.code());
        constant("SIM_VIEW_PROCESS", View.PROCESS.code());
        constant("SIM_GATE_VMFUNC", SimAbi.Header.GATE_VMFUNC);
        constant("SIM_GATE_HYPERCALL", SimAbi.Header.GATE_HYPERCALL);
        constant("SIM_GATE_EXIT", SimAbi.Header.GATE_EXIT);
        constant("SIM_ACCESS_READ | SIM_ACCESS_WRITE", Access.READ_WRITE.code());
        constant("SIM_ACCESS_READ", Access.READ_ONLY.code());
        constant("SIM_ACCESS_EXECUTE", Access.EXECUTE_ONLY.code());
        size("sim_segment", SimAbi.SEGMENT_SIZE);
        offset("sim_segment", "offset", 0);
        offset("sim_segment", "size", 8);
        offset("sim_segment", "gpa", 16);
        offset("sim_segment", "view", 24);
        offset("sim_segment", "access", 28);
        size("sim_region_header", SimAbi.Header.SIZE);
        offset("sim_region_header", "abi", SimAbi.Header.ABI);
        offset("sim_region_header", "segment_count", SimAbi.Header.SEGMENT_COUNT);
        offset("sim_region_header", "file_size", SimAbi.Header.FILE_SIZE);
        offset("sim_region_header", "area_base", SimAbi.Header.AREA_BASE);
        offset("sim_region_header", "area_size", SimAbi.Header.AREA_SIZE);
        offset("sim_region_header", "sim_cr3", SimAbi.Header.SIM_CR3);
        offset("sim_region_header", "doorbell_port", SimAbi.Header.DOORBELL_PORT);
        offset("sim_region_header", "gate", SimAbi.Header.GATE);
        offset("sim_region_header", "segments", SimAbi.Header.SEGMENTS);
        offset("sim_region_header", "channel", SimAbi.Header.CHANNEL);
        constant("SIM_MAX_CALL_SLOTS", SimAbi.Channel.MAX_SLOTS);
        size("sim_channel", SimAbi.Channel.SIZE);
        offset("sim_channel", "requests", SimAbi.Channel.REQUESTS);
        offset("sim_channel", "process", SimAbi.Channel.PROCESS);
        offset("sim_channel", "slot_count", SimAbi.Channel.SLOT_COUNT);
        offset("sim_channel", "slots", SimAbi.Channel.SLOTS);
        size("sim_call_slot", SimAbi.Channel.SLOT_SIZE);
        offset("sim_call_slot", "state", SimAbi.Channel.SLOT_STATE);
        offset("sim_call_slot", "verdict", SimAbi.Channel.SLOT_VERDICT);
        offset("sim_call_slot", "flags", SimAbi.Channel.SLOT_FLAGS);
        offset("sim_call_slot", "call", SimAbi.Channel.SLOT_CALL);
        size("sim_config", SimAbi.Config.SIZE);
        offset("sim_config", "abi", SimAbi.Config.ABI);
        offset("sim_config", "stack_count", SimAbi.Config.STACK_COUNT);
        offset("sim_config", "stack_size", SimAbi.Config.STACK_SIZE);
        offset("sim_config", "ring", SimAbi.Config.RING);
        offset("sim_config", "ring_capacity", SimAbi.Config.RING_CAPACITY);
        offset("sim_config", "direct_map", SimAbi.Config.DIRECT_MAP);
        offset("sim_config", "page_offset", SimAbi.Config.PAGE_OFFSET);
        offset("sim_config", "paging_levels", SimAbi.Config.PAGING_LEVELS);
        offset("sim_config", "doorbell_port", SimAbi.Config.DOORBELL_PORT);
        offset("sim_config", "ram_range_count", SimAbi.Config.RAM_RANGE_COUNT);
        offset("sim_config", "hook_count", SimAbi.Config.HOOK_COUNT);
        offset("sim_config", "ram", SimAbi.Config.RAM);
        offset("sim_config", "hook_multiplier", SimAbi.Config.HOOK_MULTIPLIER);
        offset("sim_config", "hooks", SimAbi.Config.HOOKS);
        size("sim_ram_range", SimAbi.Config.RAM_RANGE_SIZE);
        size("sim_hook", SimAbi.Config.HOOK_SIZE);
        offset("sim_hook", "return_address", 0);
        offset("sim_hook", "handler", 8);
        offset("sim_hook", "id", 16);
        offset("sim_hook", "monitor", 20);
        size("sim_ring", SimAbi.Ring.SIZE);
        offset("sim_ring", "head", SimAbi.Ring.HEAD);
        offset("sim_ring", "tail", SimAbi.Ring.TAIL);
        offset("sim_ring", "reader_sleeps", SimAbi.Ring.READER_SLEEPS);
        offset("sim_ring", "next_sequence", SimAbi.Ring.NEXT_SEQUENCE);
        offset("sim_ring", "dropped", SimAbi.Ring.DROPPED);
        offset("sim_ring", "calls", SimAbi.Ring.CALLS);
        offset("sim_ring", "unknown_calls", SimAbi.Ring.UNKNOWN_CALLS);
        constant("SIM_RING_TAKEN", SimAbi.Ring.TAKEN);
        constant("SIM_EVENT_PAD", SimAbi.Event.PAD);
        constant("SIM_EVENT_SYSCALL", SimAbi.Event.SYSCALL);
        constant("SIM_EVENT_FORK", SimAbi.Event.FORK);
        constant("SIM_EVENT_EXEC", SimAbi.Event.EXEC);
        constant("SIM_EVENT_EXIT", SimAbi.Event.EXIT);
        constant("SIM_EVENT_MONITOR_FIRST", SimAbi.Event.MONITOR_FIRST);
        constant("SIM_EVENT_TYPES", SimAbi.Event.TYPES);
        constant("SIM_EVENT_TRUNCATED", SimAbi.Event.TRUNCATED);
        constant("SIM_EVENT_UNREADABLE", SimAbi.Event.UNREADABLE);
        size("sim_event", SimAbi.Event.HEAD_SIZE);
        offset("sim_event", "size", SimAbi.Event.SIZE_OFFSET);
        offset("sim_event", "type", SimAbi.Event.TYPE_OFFSET);
        offset("sim_event", "flags", SimAbi.Event.FLAGS_OFFSET);
        offset("sim_event", "sequence", SimAbi.Event.SEQUENCE_OFFSET);
        offset("sim_event", "tsc", SimAbi.Event.TSC_OFFSET);
        offset("sim_event", "monitor", SimAbi.Event.MONITOR_OFFSET);
        offset("sim_event", "hook", SimAbi.Event.HOOK_OFFSET);
        offset("sim_event", "subject", SimAbi.Event.SUBJECT_OFFSET);
        size("sim_subject", SimAbi.Subject.SIZE);
        offset("sim_subject", "task", SimAbi.Subject.TASK);
        offset("sim_subject", "pid", SimAbi.Subject.PID);
        offset("sim_subject", "tgid", SimAbi.Subject.TGID);
        offset("sim_subject", "ppid", SimAbi.Subject.PPID);
        offset("sim_subject", "uid", SimAbi.Subject.UID);
        offset("sim_subject", "euid", SimAbi.Subject.EUID);
        offset("sim_subject", "gid", SimAbi.Subject.GID);
        offset("sim_subject", "egid", SimAbi.Subject.EGID);
        offset("sim_subject", "comm", SimAbi.Subject.COMM);
        size("sim_event_syscall", SimAbi.Payload.SYSCALL_SIZE);
        offset("sim_event_syscall", "door", SimAbi.Payload.SYSCALL_DOOR);
        offset("sim_event_syscall", "number", SimAbi.Payload.SYSCALL_NUMBER);
        offset("sim_event_syscall", "argument", SimAbi.Payload.SYSCALL_ARGUMENT);
        offset("sim_event_syscall", "text_count", SimAbi.Payload.SYSCALL_TEXT_COUNT);
        offset("sim_event_syscall", "text_arguments", SimAbi.Payload.SYSCALL_TEXT_ARGUMENTS);
        size("sim_event_fork", SimAbi.Payload.FORK_SIZE);
        offset("sim_event_fork", "child", SimAbi.Payload.FORK_CHILD);
        size("sim_event_exec", SimAbi.Payload.EXEC_SIZE);
        offset("sim_event_exec", "text_count", SimAbi.Payload.EXEC_TEXT_COUNT);
        offset("sim_event_exec", "argument_count", SimAbi.Payload.EXEC_ARGUMENT_COUNT);
        size("sim_event_exit", SimAbi.Payload.EXIT_SIZE);
        offset("sim_event_exit", "code", SimAbi.Payload.EXIT_CODE);
        constant("SIM_NAME_SIZE", SimAbi.Declaration.NAME_SIZE);
        constant("SIM_SLOT_NAME_SIZE", SimAbi.Declaration.SLOT_NAME_SIZE);
        constant("SIM_HOOK_OPTIONAL", SimAbi.Declaration.HOOK_OPTIONAL);
        constant("SIM_HOOK_FENTRY", SimAbi.Declaration.KIND_FENTRY);
        constant("SIM_HOOK_CALL", SimAbi.Declaration.KIND_CALL);
        size("sim_filter_declaration", SimAbi.Declaration.FILTER_SIZE);
        offset("sim_filter_declaration", "set", SimAbi.Declaration.FILTER_SET);
        offset("sim_filter_declaration", "enabled", SimAbi.Declaration.FILTER_ENABLED);
        offset("sim_filter_declaration", "slot", SimAbi.Declaration.FILTER_SLOT);
        offset("sim_filter_declaration", "hook", SimAbi.Declaration.FILTER_HOOK);
        offset("sim_filter_declaration", "first", SimAbi.Declaration.FILTER_FIRST);
        offset("sim_filter_declaration", "count", SimAbi.Declaration.FILTER_COUNT);
        offset("sim_filter_declaration", "ignored", SimAbi.Declaration.FILTER_IGNORED);
        constant("SIM_FILTER_NUMBERS", SimAbi.Declaration.FILTER_NUMBERS);
        size("sim_hook_declaration", SimAbi.Declaration.HOOK_SIZE);
        offset("sim_hook_declaration", "handler", SimAbi.Declaration.HOOK_HANDLER);
        offset("sim_hook_declaration", "kind", SimAbi.Declaration.HOOK_KIND);
        offset("sim_hook_declaration", "id", SimAbi.Declaration.HOOK_ID);
        offset("sim_hook_declaration", "group", SimAbi.Declaration.HOOK_GROUP);
        offset("sim_hook_declaration", "flags", SimAbi.Declaration.HOOK_FLAGS);
        offset("sim_hook_declaration", "function", SimAbi.Declaration.HOOK_FUNCTION);
        offset("sim_hook_declaration", "caller", SimAbi.Declaration.HOOK_CALLER);
        size("sim_slot_declaration", SimAbi.Declaration.SLOT_SIZE);
        offset("sim_slot_declaration", "address", SimAbi.Declaration.SLOT_ADDRESS);
        offset("sim_slot_declaration", "name", SimAbi.Declaration.SLOT_NAME);
        size("sim_parameter_declaration", SimAbi.Declaration.PARAMETER_SIZE);
        offset("sim_parameter_declaration", "address", SimAbi.Declaration.PARAMETER_ADDRESS);
        offset("sim_parameter_declaration", "size", SimAbi.Declaration.PARAMETER_BYTES);
        offset("sim_parameter_declaration", "type", SimAbi.Declaration.PARAMETER_TYPE);
        offset("sim_parameter_declaration", "name", SimAbi.Declaration.PARAMETER_NAME);
        constant("SIM_PARAMETER_NUMBER", ParameterDeclaration.Type.NUMBER.ordinal() + 1);
        constant("SIM_PARAMETER_BOOLEAN", ParameterDeclaration.Type.BOOLEAN.ordinal() + 1);
        constant("SIM_PARAMETER_SET", ParameterDeclaration.Type.SET.ordinal() + 1);
        constant("SIM_SYSCALL_64", 0);
        constant("SIM_SYSCALL_32", 1);
        constant("SIM_SYSCALL_X32", 2);
    }

    @Test
    void everyOffsetSizeAndConstantIsThatOfTheHeaders(@TempDir Path folder)
            throws IOException, InterruptedException {
        StringBuilder source = new StringBuilder("#include <stddef.h>\n#include <stdio.h>\n#include"
                + " \"sim_monitor.h\"\nint main(void) {\n");
        TWINS.keySet()
                .forEach(expression -> source.append("printf(\"%s=%ld\\n\", \"")
                        .append(expression)
                        .append("\", (long)(")
                        .append(expression)
                        .append("));\n"));
        source.append("puts(\"magic=\" SIM_REGION_MAGIC);\nreturn 0;\n}\n");
        Path program = CCompiler.compile(folder, "offsets", source.toString());

        Map<String, String> expected = new TreeMap<>();
        TWINS.forEach((expression, value) -> expected.put(expression, value.toString()));
        expected.put("magic", SimAbi.MAGIC);
        Map<String, String> seen = new TreeMap<>();
        CCompiler.run(List.of(program.toString())).lines().forEach(line -> {
            int equals = line.lastIndexOf('=');
            seen.put(line.substring(0, equals), line.substring(equals + 1));
        });
        assertEquals(expected, seen);
    }
}
