// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The constants of {@link SimAbi} are those of the C headers, as the C compiler sees them: each of
 * them has its expression here, and one without is a failure.
 */
class SimAbiTests {
    /** C expressions by field of {@link SimAbi}. */
    private static final Map<String, String> EXPRESSIONS = new TreeMap<>();

    /** Values that other classes have, by C expression. */
    private static final Map<String, Integer> OTHERS = new TreeMap<>();

    private static void twin(String field, String expression) {
        EXPRESSIONS.put(field, expression);
    }

    static {
        twin("VERSION", "SIM_ABI_VERSION");
        twin("VMFUNC_VERSION", "SIM_ABI_VMFUNC");
        twin("PAGE_SIZE", "SIM_PAGE_SIZE");
        twin("MAX_SEGMENTS", "SIM_MAX_SEGMENTS");
        twin("MAX_RAM_RANGES", "SIM_MAX_RAM_RANGES");
        twin("CONFIG_VERSION", "SIM_CONFIG_VERSION");
        twin("MAX_HOOKS", "SIM_MAX_HOOKS");
        twin("HOOK_SLOTS", "SIM_HOOK_SLOTS");
        twin("HOOK_SHIFT", "SIM_HOOK_SHIFT");
        twin("MAX_STACKS", "SIM_MAX_STACKS");
        twin("PIECE_SIZE", "SIM_PIECE_SIZE");
        twin("Header.GATE_VMFUNC", "SIM_GATE_VMFUNC");
        twin("Header.GATE_HYPERCALL", "SIM_GATE_HYPERCALL");
        twin("Header.GATE_EXIT", "SIM_GATE_EXIT");
        twin("SEGMENT_SIZE", "sizeof(struct sim_segment)");
        twin("Header.SIZE", "sizeof(struct sim_region_header)");
        twin("Header.ABI", "offsetof(struct sim_region_header, abi)");
        twin("Header.SEGMENT_COUNT", "offsetof(struct sim_region_header, segment_count)");
        twin("Header.FILE_SIZE", "offsetof(struct sim_region_header, file_size)");
        twin("Header.AREA_BASE", "offsetof(struct sim_region_header, area_base)");
        twin("Header.AREA_SIZE", "offsetof(struct sim_region_header, area_size)");
        twin("Header.SIM_CR3", "offsetof(struct sim_region_header, sim_cr3)");
        twin("Header.DOORBELL_PORT", "offsetof(struct sim_region_header, doorbell_port)");
        twin("Header.GATE", "offsetof(struct sim_region_header, gate)");
        twin("Header.SEGMENTS", "offsetof(struct sim_region_header, segments)");
        twin("Header.CHANNEL", "offsetof(struct sim_region_header, channel)");
        twin("Channel.MAX_SLOTS", "SIM_MAX_CALL_SLOTS");
        twin("Channel.SIZE", "sizeof(struct sim_channel)");
        twin("Channel.REQUESTS", "offsetof(struct sim_channel, requests)");
        twin("Channel.PROCESS", "offsetof(struct sim_channel, process)");
        twin("Channel.SLOT_COUNT", "offsetof(struct sim_channel, slot_count)");
        twin("Channel.SLOTS", "offsetof(struct sim_channel, slots)");
        twin("Channel.SLOT_SIZE", "sizeof(struct sim_call_slot)");
        twin("Channel.SLOT_STATE", "offsetof(struct sim_call_slot, state)");
        twin("Channel.SLOT_VERDICT", "offsetof(struct sim_call_slot, verdict)");
        twin("Channel.SLOT_FLAGS", "offsetof(struct sim_call_slot, flags)");
        twin("Channel.SLOT_CALL", "offsetof(struct sim_call_slot, call)");
        twin("Config.SIZE", "sizeof(struct sim_config)");
        twin("Config.ABI", "offsetof(struct sim_config, abi)");
        twin("Config.STACK_COUNT", "offsetof(struct sim_config, stack_count)");
        twin("Config.STACK_SIZE", "offsetof(struct sim_config, stack_size)");
        twin("Config.RING", "offsetof(struct sim_config, ring)");
        twin("Config.RING_CAPACITY", "offsetof(struct sim_config, ring_capacity)");
        twin("Config.DIRECT_MAP", "offsetof(struct sim_config, direct_map)");
        twin("Config.PAGE_OFFSET", "offsetof(struct sim_config, page_offset)");
        twin("Config.PAGING_LEVELS", "offsetof(struct sim_config, paging_levels)");
        twin("Config.DOORBELL_PORT", "offsetof(struct sim_config, doorbell_port)");
        twin("Config.RAM_RANGE_COUNT", "offsetof(struct sim_config, ram_range_count)");
        twin("Config.HOOK_COUNT", "offsetof(struct sim_config, hook_count)");
        twin("Config.RAM", "offsetof(struct sim_config, ram)");
        twin("Config.HOOK_MULTIPLIER", "offsetof(struct sim_config, hook_multiplier)");
        twin("Config.HOOKS", "offsetof(struct sim_config, hooks)");
        twin("Config.RAM_RANGE_SIZE", "sizeof(struct sim_ram_range)");
        twin("Config.HOOK_SIZE", "sizeof(struct sim_hook)");
        twin("Ring.SIZE", "sizeof(struct sim_ring)");
        twin("Ring.HEAD", "offsetof(struct sim_ring, head)");
        twin("Ring.TAIL", "offsetof(struct sim_ring, tail)");
        twin("Ring.READER_SLEEPS", "offsetof(struct sim_ring, reader_sleeps)");
        twin("Ring.NEXT_SEQUENCE", "offsetof(struct sim_ring, next_sequence)");
        twin("Ring.DROPPED", "offsetof(struct sim_ring, dropped)");
        twin("Ring.CALLS", "offsetof(struct sim_ring, calls)");
        twin("Ring.UNKNOWN_CALLS", "offsetof(struct sim_ring, unknown_calls)");
        twin("Ring.TAKEN", "SIM_RING_TAKEN");
        twin("Event.PAD", "SIM_EVENT_PAD");
        twin("Event.SYSCALL", "SIM_EVENT_SYSCALL");
        twin("Event.FORK", "SIM_EVENT_FORK");
        twin("Event.EXEC", "SIM_EVENT_EXEC");
        twin("Event.EXIT", "SIM_EVENT_EXIT");
        twin("Event.MODULE", "SIM_EVENT_MODULE");
        twin("Event.MONITOR_FIRST", "SIM_EVENT_MONITOR_FIRST");
        twin("Event.TYPES", "SIM_EVENT_TYPES");
        twin("Event.TRUNCATED", "SIM_EVENT_TRUNCATED");
        twin("Event.UNREADABLE", "SIM_EVENT_UNREADABLE");
        twin("Event.HEAD_SIZE", "sizeof(struct sim_event)");
        twin("Event.SIZE_OFFSET", "offsetof(struct sim_event, size)");
        twin("Event.TYPE_OFFSET", "offsetof(struct sim_event, type)");
        twin("Event.FLAGS_OFFSET", "offsetof(struct sim_event, flags)");
        twin("Event.SEQUENCE_OFFSET", "offsetof(struct sim_event, sequence)");
        twin("Event.TSC_OFFSET", "offsetof(struct sim_event, tsc)");
        twin("Event.MONITOR_OFFSET", "offsetof(struct sim_event, monitor)");
        twin("Event.HOOK_OFFSET", "offsetof(struct sim_event, hook)");
        twin("Event.SUBJECT_OFFSET", "offsetof(struct sim_event, subject)");
        twin("Subject.SIZE", "sizeof(struct sim_subject)");
        twin("Subject.TASK", "offsetof(struct sim_subject, task)");
        twin("Subject.PID", "offsetof(struct sim_subject, pid)");
        twin("Subject.TGID", "offsetof(struct sim_subject, tgid)");
        twin("Subject.PPID", "offsetof(struct sim_subject, ppid)");
        twin("Subject.UID", "offsetof(struct sim_subject, uid)");
        twin("Subject.EUID", "offsetof(struct sim_subject, euid)");
        twin("Subject.GID", "offsetof(struct sim_subject, gid)");
        twin("Subject.EGID", "offsetof(struct sim_subject, egid)");
        twin("Subject.COMM", "offsetof(struct sim_subject, comm)");
        twin("Subject.COMM_SIZE", "sizeof(((struct sim_subject *)0)->comm)");
        twin("Payload.SYSCALL_SIZE", "sizeof(struct sim_event_syscall)");
        twin("Payload.SYSCALL_DOOR", "offsetof(struct sim_event_syscall, door)");
        twin("Payload.SYSCALL_NUMBER", "offsetof(struct sim_event_syscall, number)");
        twin("Payload.SYSCALL_ARGUMENT", "offsetof(struct sim_event_syscall, argument)");
        twin("Payload.SYSCALL_TEXT_COUNT", "offsetof(struct sim_event_syscall, text_count)");
        twin(
                "Payload.SYSCALL_TEXT_ARGUMENTS",
                "offsetof(struct sim_event_syscall, text_arguments)");
        twin("Payload.FORK_SIZE", "sizeof(struct sim_event_fork)");
        twin("Payload.FORK_CHILD", "offsetof(struct sim_event_fork, child)");
        twin("Payload.EXEC_SIZE", "sizeof(struct sim_event_exec)");
        twin("Payload.EXEC_TEXT_COUNT", "offsetof(struct sim_event_exec, text_count)");
        twin("Payload.EXEC_ARGUMENT_COUNT", "offsetof(struct sim_event_exec, argument_count)");
        twin("Payload.EXIT_SIZE", "sizeof(struct sim_event_exit)");
        twin("Payload.EXIT_CODE", "offsetof(struct sim_event_exit, code)");
        twin("Payload.MODULE_SIZE", "sizeof(struct sim_event_module)");
        twin("Payload.MODULE_TEXT_COUNT", "offsetof(struct sim_event_module, text_count)");
        twin("Declaration.NAME_SIZE", "SIM_NAME_SIZE");
        twin("Declaration.SLOT_NAME_SIZE", "SIM_SLOT_NAME_SIZE");
        twin("Declaration.HOOK_OPTIONAL", "SIM_HOOK_OPTIONAL");
        twin("Declaration.KIND_FENTRY", "SIM_HOOK_FENTRY");
        twin("Declaration.KIND_CALL", "SIM_HOOK_CALL");
        twin("Declaration.FILTER_SIZE", "sizeof(struct sim_filter_declaration)");
        twin("Declaration.FILTER_SET", "offsetof(struct sim_filter_declaration, set)");
        twin("Declaration.FILTER_ENABLED", "offsetof(struct sim_filter_declaration, enabled)");
        twin("Declaration.FILTER_SLOT", "offsetof(struct sim_filter_declaration, slot)");
        twin("Declaration.FILTER_HOOK", "offsetof(struct sim_filter_declaration, hook)");
        twin("Declaration.FILTER_FIRST", "offsetof(struct sim_filter_declaration, first)");
        twin("Declaration.FILTER_COUNT", "offsetof(struct sim_filter_declaration, count)");
        twin("Declaration.FILTER_IGNORED", "offsetof(struct sim_filter_declaration, ignored)");
        twin("Declaration.FILTER_NUMBERS", "SIM_FILTER_NUMBERS");
        twin("Declaration.HOOK_SIZE", "sizeof(struct sim_hook_declaration)");
        twin("Declaration.HOOK_HANDLER", "offsetof(struct sim_hook_declaration, handler)");
        twin("Declaration.HOOK_KIND", "offsetof(struct sim_hook_declaration, kind)");
        twin("Declaration.HOOK_ID", "offsetof(struct sim_hook_declaration, id)");
        twin("Declaration.HOOK_GROUP", "offsetof(struct sim_hook_declaration, group)");
        twin("Declaration.HOOK_FLAGS", "offsetof(struct sim_hook_declaration, flags)");
        twin("Declaration.HOOK_FUNCTION", "offsetof(struct sim_hook_declaration, function)");
        twin("Declaration.HOOK_CALLER", "offsetof(struct sim_hook_declaration, caller)");
        twin("Declaration.SLOT_SIZE", "sizeof(struct sim_slot_declaration)");
        twin("Declaration.SLOT_ADDRESS", "offsetof(struct sim_slot_declaration, address)");
        twin("Declaration.SLOT_NAME", "offsetof(struct sim_slot_declaration, name)");
        twin("Declaration.PARAMETER_SIZE", "sizeof(struct sim_parameter_declaration)");
        twin(
                "Declaration.PARAMETER_ADDRESS",
                "offsetof(struct sim_parameter_declaration, address)");
        twin("Declaration.PARAMETER_BYTES", "offsetof(struct sim_parameter_declaration, size)");
        twin("Declaration.PARAMETER_TYPE", "offsetof(struct sim_parameter_declaration, type)");
        twin("Declaration.PARAMETER_NAME", "offsetof(struct sim_parameter_declaration, name)");

        OTHERS.put("SIM_VIEW_NORMAL", View.NORMAL.code());
        OTHERS.put("SIM_VIEW_SIM", View.SIM.code());
        OTHERS.put("SIM_VIEW_PROCESS", View.PROCESS.code());
        OTHERS.put("SIM_ACCESS_READ | SIM_ACCESS_WRITE", Access.READ_WRITE.code());
        OTHERS.put("SIM_ACCESS_READ", Access.READ_ONLY.code());
        OTHERS.put("SIM_ACCESS_EXECUTE", Access.EXECUTE_ONLY.code());
        OTHERS.put("offsetof(struct sim_segment, offset)", 0);
        OTHERS.put("offsetof(struct sim_segment, size)", 8);
        OTHERS.put("offsetof(struct sim_segment, gpa)", 16);
        OTHERS.put("offsetof(struct sim_segment, view)", 24);
        OTHERS.put("offsetof(struct sim_segment, access)", 28);
        OTHERS.put("offsetof(struct sim_hook, return_address)", 0);
        OTHERS.put("offsetof(struct sim_hook, handler)", 8);
        OTHERS.put("offsetof(struct sim_hook, id)", 16);
        OTHERS.put("offsetof(struct sim_hook, monitor)", 20);
        OTHERS.put("SIM_PARAMETER_NUMBER", ParameterDeclaration.Type.NUMBER.ordinal() + 1);
        OTHERS.put("SIM_PARAMETER_BOOLEAN", ParameterDeclaration.Type.BOOLEAN.ordinal() + 1);
        OTHERS.put("SIM_PARAMETER_SET", ParameterDeclaration.Type.SET.ordinal() + 1);
        OTHERS.put("SIM_SYSCALL_64", 0);
        OTHERS.put("SIM_SYSCALL_32", 1);
        OTHERS.put("SIM_SYSCALL_X32", 2);
    }

    @Test
    void everyOffsetSizeAndConstantIsThatOfTheHeaders(@TempDir Path folder)
            throws IOException, InterruptedException, IllegalAccessException {
        Map<String, Integer> constants = constants();
        assertEquals(EXPRESSIONS.keySet(), constants.keySet());
        Map<String, String> expected = new TreeMap<>();
        OTHERS.forEach((expression, value) -> expected.put(expression, value.toString()));
        EXPRESSIONS.forEach((field, expression) ->
                expected.put(expression, constants.get(field).toString()));
        assertEquals(OTHERS.size() + EXPRESSIONS.size(), expected.size());
        Map<String, String> seen = evaluate(folder, expected.keySet());
        assertEquals(SimAbi.MAGIC, seen.remove("magic"));
        assertEquals(expected, seen);
    }

    /** Every number in SimAbi, by its name, with that of the class in it. */
    private static Map<String, Integer> constants() throws IllegalAccessException {
        Map<String, Integer> constants = new TreeMap<>();
        List<Class<?>> classes = Stream.concat(
                        Stream.of(SimAbi.class), Arrays.stream(SimAbi.class.getDeclaredClasses()))
                .toList();
        for (Class<?> owner : classes) {
            for (Field field : owner.getDeclaredFields()) {
                if (Modifier.isStatic(field.getModifiers()) && field.getType() == int.class) {
                    String prefix = owner == SimAbi.class ? "" : owner.getSimpleName() + ".";
                    field.setAccessible(true);
                    constants.put(prefix + field.getName(), field.getInt(null));
                }
            }
        }
        return constants;
    }

    private static Map<String, String> evaluate(Path folder, Collection<String> expressions)
            throws IOException, InterruptedException {
        StringBuilder source = new StringBuilder("""
                #include <stddef.h>
                #include <stdio.h>
                #include "sim_monitor.h"
                int main(void) {
                """);
        expressions.forEach(expression -> source.append("printf(\"%s=%ld\\n\", \"")
                .append(expression)
                .append("\", (long)(")
                .append(expression)
                .append("));\n"));
        source.append("puts(\"magic=\" SIM_REGION_MAGIC);\nreturn 0;\n}\n");
        Path program = CCompiler.compile(folder, "offsets", source.toString());
        Map<String, String> seen = new TreeMap<>();
        CCompiler.run(List.of(program.toString())).lines().forEach(line -> {
            int equals = line.lastIndexOf('=');
            seen.put(line.substring(0, equals), line.substring(equals + 1));
        });
        return seen;
    }
}
