// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** A program's bytes at the virtual address it got: relocated, slots and parameters filled in. */
final class ProgramImage {
    private final MonitorProgram program;
    private final long base;
    private final List<ByteBuffer> segments = new ArrayList<>();

    /** @param base what is added to an address as linked */
    ProgramImage(MonitorProgram program, long base) {
        this.program = program;
        this.base = base;
        for (ProgramSegment segment : program.segments()) {
            ByteBuffer bytes = ByteBuffer.allocate(Math.toIntExact(segment.memorySize()))
                    .order(ByteOrder.LITTLE_ENDIAN);
            ByteBuffer contents = segment.contents();
            bytes.put(0, contents, 0, contents.limit());
            segments.add(bytes);
        }
        program.relocations().forEach((address, addend) -> put(address, base + addend));
    }

    /** Lowest address as linked. */
    static long start(MonitorProgram program) {
        return program.segments().get(0).virtualAddress();
    }

    /** Bytes from the first segment's start to the last one's end. */
    static long span(MonitorProgram program) {
        ProgramSegment last = program.segments().get(program.segments().size() - 1);
        return last.virtualAddress() + last.memorySize() - start(program);
    }

    static Map<Long, byte[]> encodeParameters(MonitorProgram program, Map<String, String> values)
            throws RegionException {
        Map<Long, byte[]> encoded = new HashMap<>();
        for (Map.Entry<String, String> value : values.entrySet()) {
            ParameterDeclaration parameter = program.parameters().stream()
                    .filter(each -> each.name().equals(value.getKey()))
                    .findFirst()
                    .orElseThrow(() -> new RegionException("monitor " + program.name()
                            + " has no parameter "
                            + value.getKey() + "; it has "
                            + (program.parameters().isEmpty()
                                    ? "none"
                                    : String.join(
                                            ", ",
                                            program.parameters().stream()
                                                    .map(ParameterDeclaration::name)
                                                    .toList()))));
            try {
                encoded.put(parameter.address(), parameter.encode(value.getValue()));
            } catch (RegionException error) {
                throw new RegionException(
                        "monitor " + program.name() + ", " + error.getMessage(), error);
            }
        }
        return encoded;
    }

    /** Address in the SIM world of an address as linked. */
    long address(long linked) {
        return base + linked;
    }

    void fillSlots(long config, long monitor, Map<String, Long> values) throws RegionException {
        for (SlotDeclaration slot : program.slots()) {
            Long value = switch (slot.name()) {
                case "config" -> config;
                case "monitor" -> monitor;
                default -> values.get(slot.name());
            };
            if (value == null) {
                throw new RegionException("monitor " + program.name() + " wants '" + slot.name()
                        + "', which nobody has found in the guest"
                        + " kernel; correct the slot's name or use a monitor that "
                        + "knows this kernel");
            }
            put(slot.address(), value);
        }
    }

    void fillParameters(Map<Long, byte[]> encoded) {
        encoded.forEach((address, bytes) -> {
            int index = segmentOf(address, bytes.length);
            segments.get(index)
                    .put((int) (address - program.segments().get(index).virtualAddress()), bytes);
        });
    }

    /** The bytes at an address as linked: as filled in, or what the ELF file has. */
    ByteBuffer valueAt(long address, int size) {
        int index = segmentOf(address, size);
        return segments.get(index)
                .slice((int) (address - program.segments().get(index).virtualAddress()), size)
                .order(ByteOrder.LITTLE_ENDIAN);
    }

    ByteBuffer segment(int index) {
        return segments.get(index).duplicate().clear();
    }

    private void put(long address, long value) {
        int index = segmentOf(address, 8);
        segments.get(index)
                .putLong((int) (address - program.segments().get(index).virtualAddress()), value);
    }

    private int segmentOf(long address, long size) {
        for (int i = 0; i < segments.size(); i++) {
            if (program.segments().get(i).covers(address, size)) {
                return i;
            }
        }
        throw new IllegalStateException("the loader let an address pass that is in no segment");
    }
}
