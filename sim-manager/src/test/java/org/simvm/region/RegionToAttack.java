// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.StringJoiner;

/**
 * Writes a region as the manager would, for a machine without a kernel: what {@code ./dev attack}
 * attacks. Prints as JSON what the attackers may know and what must stay hidden from them.
 *
 * <pre>
 * RegionToAttack FOLDER REGION GIBIBYTE TEXT RETURN-ADDRESS TARGET CURRENT-OFFSET RAM-END MONITOR GATES
 * </pre>
 *
 * FOLDER holds GATES.elf, core.elf and MONITOR.elf, whose first hook is armed; addresses and
 * offsets are hexadecimal.
 */
final class RegionToAttack {
    private static final long FILE_SIZE = 1 << 20;
    private static final int VCPUS = 2;

    private RegionToAttack() {}

    public static void main(String[] arguments) throws Exception {
        Path folder = Path.of(arguments[0]);
        Path region = Path.of(arguments[1]);
        long area = Long.parseUnsignedLong(arguments[2], 16) << 30;
        long text = Long.parseUnsignedLong(arguments[3], 16);
        long returnAddress = Long.parseUnsignedLong(arguments[4], 16);
        long target = Long.parseUnsignedLong(arguments[5], 16);
        long ramEnd = Long.parseUnsignedLong(arguments[7], 16);
        MonitorProgram monitor = ProgramLoader.load(folder.resolve(arguments[8] + ".elf"));
        RegionPlan plan = new RegionPlan(
                new RegionArea(area, area),
                FILE_SIZE,
                ramEnd,
                VCPUS,
                0x510,
                GateKind.VMFUNC,
                GateLoader.load(folder.resolve(arguments[9] + ".elf")),
                ProgramLoader.load(folder.resolve("core.elf")),
                List.of(new RegionPlan.PlannedMonitor(monitor, Map.of())));
        Files.deleteIfExists(region);
        try (RegionFile file = RegionFile.create(region, null, plan)) {
            Map<String, Long> slots = new HashMap<>();
            for (MonitorProgram program : plan.programs()) {
                program.slots().stream()
                        .filter(slot -> !slot.filledByRegion())
                        .forEach(slot -> slots.put(slot.name(), 8L));
            }
            BootImage image = file.finalizeImage(new BootValues(
                    4,
                    List.of(new RamRange(0, 0xa0000), new RamRange(1 << 20, ramEnd - (1 << 20))),
                    0xffff888000000000L,
                    Integer.parseInt(arguments[6], 16),
                    new BootValues.KernelText(text, text + (2 << 20)),
                    509,
                    List.of(target),
                    List.of(new BootValues.ArmedHook(0, monitor.hooks().get(0), returnAddress)),
                    slots));
            System.out.println(json(image));
        }
    }

    private static String json(BootImage image) {
        StringJoiner segments = new StringJoiner(", ", "[", "]");
        for (RegionSegment segment : image.layout().segments()) {
            segments.add(String.format(
                    "{\"name\": \"%s\", \"offset\": %d, \"size\": %d, \"gpa\": %s, "
                            + "\"virtual\": %s, \"view\": \"%s\"}",
                    segment.name(),
                    segment.offset(),
                    segment.size(),
                    number(segment.gpa()),
                    number(segment.virtualAddress()),
                    segment.view()));
        }
        return String.format(
                "{\"simCr3\": %s, \"gateFrame\": %s, \"gateVirtualBase\": %s, \"gateEntry\": "
                        + "%s, \"gatePages\": %s,"
                        + " \"fentry\": %s, \"callStub\": %s, \"segments\": %s}",
                number(image.simCr3()),
                number(image.gateFrame()),
                number(image.gateVirtualBase()),
                number(image.gateEntry()),
                number(image.gatePages()),
                number(image.fentryEntry()),
                number(image.callStubs().get(0)),
                segments);
    }

    private static String number(long value) {
        return Long.toUnsignedString(value);
    }
}
