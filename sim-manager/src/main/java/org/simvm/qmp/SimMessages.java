// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.math.BigInteger;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.regex.Pattern;

/**
 * Converts between the records of this package and QMP's JSON. The only place that knows member
 * names.
 */
final class SimMessages {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Pattern PRIVILEGE_LEVEL = Pattern.compile("\\bCPL=([0-3])\\b");
    private static final BigInteger MAX_UNSIGNED =
            BigInteger.ONE.shiftLeft(64).subtract(BigInteger.ONE);

    private SimMessages() {}

    static ObjectNode stop(long address) {
        ObjectNode arguments = JSON.createObjectNode();
        putUnsigned(arguments, "address", address);
        return arguments;
    }

    static ObjectNode apply(boolean map, Collection<GuestWrite> writes) {
        ObjectNode arguments = JSON.createObjectNode().put("map", map);
        ArrayNode list = arguments.putArray("writes");
        for (GuestWrite write : writes) {
            ObjectNode entry = list.addObject();
            putUnsigned(entry, "gpa", write.gpa());
            entry.put("expect", HexFormat.of().formatHex(write.expect()));
            entry.put("data", HexFormat.of().formatHex(write.data()));
        }
        return arguments;
    }

    static ObjectNode seal(Collection<SealedPage> pages) {
        ObjectNode arguments = JSON.createObjectNode();
        ArrayNode list = arguments.putArray("pages");
        for (SealedPage page : pages) {
            ObjectNode entry = list.addObject();
            putUnsigned(entry, "gpa", page.gpa());
            ArrayNode ranges = entry.putArray("protect");
            page.protect()
                    .forEach(range -> ranges.addObject()
                            .put("offset", range.offset())
                            .put("length", range.length()));
        }
        return arguments;
    }

    static ObjectNode since(long sequence) {
        ObjectNode arguments = JSON.createObjectNode();
        putUnsigned(arguments, "since", sequence);
        return arguments;
    }

    static ObjectNode monitorCommand(String line) {
        return JSON.createObjectNode().put("command-line", line);
    }

    static List<Long> threads(JsonNode cpus) throws QmpException {
        List<Long> threads = new ArrayList<>();
        for (JsonNode cpu : cpus) {
            threads.add(unsigned(cpu, "thread-id"));
        }
        return threads;
    }

    static List<Integer> privilegeLevels(JsonNode registers) throws QmpException {
        List<Integer> levels = PRIVILEGE_LEVEL
                .matcher(registers.asText())
                .results()
                .map(found -> Integer.valueOf(found.group(1)))
                .toList();
        if (levels.isEmpty()) {
            throw new QmpException("QEMU's 'info registers' shows no CPL");
        }
        return levels;
    }

    static SimStatus status(JsonNode node) throws QmpException {
        List<SimStatus.RamBlock> ram = new ArrayList<>();
        for (JsonNode block : member(node, "ram")) {
            ram.add(new SimStatus.RamBlock(
                    unsigned(block, "gpa"),
                    unsigned(block, "size"),
                    integer(block, "fd"),
                    unsigned(block, "offset")));
        }
        List<SimStatus.Vcpu> vcpus = new ArrayList<>();
        for (JsonNode vcpu : member(node, "vcpus")) {
            vcpus.add(new SimStatus.Vcpu(
                    integer(vcpu, "index"),
                    text(vcpu, "view"),
                    optionalUnsigned(vcpu, "calls"),
                    unsigned(vcpu, "cr3"),
                    unsigned(vcpu, "cr4"),
                    unsigned(vcpu, "efer"),
                    unsigned(vcpu, "lstar"),
                    unsigned(vcpu, "idt"),
                    unsigned(vcpu, "rip"),
                    optionalUnsigned(vcpu, "cstar"),
                    optionalUnsigned(vcpu, "sysenter-eip"),
                    optionalUnsigned(vcpu, "star"),
                    optionalUnsigned(vcpu, "fmask"),
                    optionalUnsigned(vcpu, "sysenter-cs"),
                    optionalUnsigned(vcpu, "cr0"),
                    vcpu.hasNonNull("online")
                            ? Optional.of(vcpu.path("online").asBoolean())
                            : Optional.empty()));
        }
        return new SimStatus(
                integer(node, "abi"),
                DeviceState.of(text(node, "state")),
                text(node, "gate"),
                node.hasNonNull("accelerator")
                        ? Optional.of(text(node, "accelerator"))
                        : Optional.empty(),
                unsigned(node, "pid"),
                integer(node, "phys-bits"),
                unsigned(node, "area-base"),
                unsigned(node, "area-size"),
                unsigned(node, "armed-boots"),
                optionalUnsigned(node, "switches"),
                unsigned(node, "violations"),
                unsigned(node, "doorbells"),
                node.path("last-branch-record").asBoolean(),
                ram,
                vcpus);
    }

    static ViolationLog violations(JsonNode node) throws QmpException {
        List<SimViolation> violations = new ArrayList<>();
        for (JsonNode violation : member(node, "violations")) {
            violations.add(violation(violation));
        }
        return new ViolationLog(violations, unsigned(node, "lost"));
    }

    /** Returns the event, or empty for one that is none of SIM's. */
    static Optional<SimEvent> event(QmpEvent event) throws QmpException {
        JsonNode data = event.data();
        long when = event.receivedNanos();
        return switch (event.name()) {
            case "SIM_BOOT" -> Optional.of(boot(data, when));
            case "SIM_STOP" ->
                Optional.of(new SimEvent.Stop(
                        integer(data, "cpu"),
                        unsigned(data, "address"),
                        unsigned(data, "cr3"),
                        unsigned(data, "cr4"),
                        when));
            case "SIM_VIOLATION" -> Optional.of(new SimEvent.Violation(violation(data), when));
            case "SIM_DOORBELL" -> Optional.of(new SimEvent.Doorbell(when));
            case "SIM_RESET" -> Optional.of(new SimEvent.Reset(when));
            default -> Optional.empty();
        };
    }

    private static SimEvent.Boot boot(JsonNode data, long when) throws QmpException {
        return new SimEvent.Boot(
                integer(data, "cpu"),
                unsigned(data, "lstar"),
                unsigned(data, "cr3"),
                unsigned(data, "cr4"),
                unsigned(data, "efer"),
                when);
    }

    private static SimViolation violation(JsonNode node) throws QmpException {
        long nanos = unsigned(node, "time-ns");
        Instant time = Instant.ofEpochSecond(nanos / 1_000_000_000L, nanos % 1_000_000_000L);
        return new SimViolation(
                unsigned(node, "sequence"),
                time,
                text(node, "kind"),
                member(node, "fail-stop").asBoolean(),
                integer(node, "cpu"),
                text(node, "view"),
                text(node, "access"),
                integer(node, "size"),
                unsigned(node, "gpa"),
                optionalUnsigned(node, "gva"),
                unsigned(node, "rip"),
                unsigned(node, "cr3"),
                integer(node, "cpl"),
                optionalUnsigned(node, "value"),
                node.hasNonNull("control") ? Optional.of(text(node, "control")) : Optional.empty(),
                node.hasNonNull("vector")
                        ? OptionalInt.of(integer(node, "vector"))
                        : OptionalInt.empty(),
                node.hasNonNull("bytes") ? Optional.of(text(node, "bytes")) : Optional.empty());
    }

    private static void putUnsigned(ObjectNode node, String name, long value) {
        if (value >= 0) {
            node.put(name, value);
        } else { // JSON numbers of QMP are unsigned 64-bit where the schema says uint64
            node.put(name, new BigInteger(Long.toUnsignedString(value)));
        }
    }

    private static JsonNode member(JsonNode node, String name) throws QmpException {
        JsonNode member = node.get(name);
        if (member == null) {
            throw new QmpException("QEMU's message lacks '" + name
                    + "': manager and QEMU are of different versions");
        }
        return member;
    }

    private static long unsigned(JsonNode node, String name) throws QmpException {
        JsonNode member = member(node, name);
        if (!member.isIntegralNumber()
                || member.bigIntegerValue().signum() < 0
                || member.bigIntegerValue().compareTo(MAX_UNSIGNED) > 0) {
            throw new QmpException("QEMU's '" + name + "' is no unsigned 64-bit number: " + member);
        }
        return member.bigIntegerValue().longValue();
    }

    private static OptionalLong optionalUnsigned(JsonNode node, String name) throws QmpException {
        return node.hasNonNull(name) ? OptionalLong.of(unsigned(node, name)) : OptionalLong.empty();
    }

    private static int integer(JsonNode node, String name) throws QmpException {
        JsonNode member = member(node, name);
        if (!member.canConvertToInt() || !member.isIntegralNumber()) {
            throw new QmpException("QEMU's '" + name + "' is no 32-bit number: " + member);
        }
        return member.intValue();
    }

    private static String text(JsonNode node, String name) throws QmpException {
        JsonNode member = member(node, name);
        if (!member.isTextual()) {
            throw new QmpException("QEMU's '" + name + "' is no text: " + member);
        }
        return member.textValue();
    }
}
