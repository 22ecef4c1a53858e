// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.OptionalInt;
import java.util.OptionalLong;
import org.simvm.guest.kernel.Kernel;
import org.simvm.guest.kernel.KernelUnresolvedException;
import org.simvm.region.MonitorProgram;
import org.simvm.region.SimAbi;
import org.simvm.region.SlotDeclaration;

/**
 * Looks up what monitors want to know of the guest's kernel; the names are those of
 * {@code docs/interfaces.md} section 2.
 */
final class SlotValues {
    /**
     * {@code SIM_MISSING}: an offset or a size that an optional slot asked for and this kernel has
     * not.
     */
    private static final long MISSING = -1;
    /** Offset of the last word that a monitor can read from a structure's start. */
    private static final long FARTHEST = SimAbi.PIECE_SIZE - Long.BYTES;

    private final Kernel kernel;

    private SlotValues(Kernel kernel) {
        this.kernel = kernel;
    }

    /** Returns the value of each slot that the region builder does not know itself. */
    static Map<String, Long> resolve(Kernel kernel, Collection<MonitorProgram> programs)
            throws ArmingException, KernelUnresolvedException {
        SlotValues values = new SlotValues(kernel);
        Map<String, Long> byName = new LinkedHashMap<>();
        for (MonitorProgram program : programs) {
            for (SlotDeclaration slot : program.slots()) {
                if (!slot.filledByRegion() && !byName.containsKey(slot.name())) {
                    byName.put(slot.name(), values.bounded(program, slot.name()));
                }
            }
        }
        return byName;
    }

    /** A monitor reads fields without comparing their offsets with the end of RAM. */
    private long bounded(MonitorProgram program, String name)
            throws ArmingException, KernelUnresolvedException {
        long value = resolve(program, name);
        if (!name.startsWith("symbol") && value != MISSING && value > FARTHEST) {
            throw new ArmingException(
                    ArmingFailure.Kind.REGION,
                    program.file() + ": slot '" + name + "' is " + value + " in this kernel, more"
                            + " than the " + FARTHEST + " that a monitor can read");
        }
        return value;
    }

    private long resolve(MonitorProgram program, String name)
            throws ArmingException, KernelUnresolvedException {
        int colon = name.indexOf(':');
        boolean optional = colon > 0 && name.charAt(colon - 1) == '?';
        String kind = colon < 0 ? name : name.substring(0, optional ? colon - 1 : colon);
        String alternatives = colon < 0 ? "" : name.substring(colon + 1);
        try {
            return switch (kind) {
                case "symbol" -> symbol(alternatives, optional);
                case "offset" -> {
                    OptionalInt offset = kernel.offset(alternatives);
                    if (offset.isEmpty()) {
                        yield optional ? MISSING : kernel.requireOffset(alternatives);
                    }
                    yield offset.getAsInt();
                }
                case "size" -> size(alternatives, optional);
                default -> throw new IllegalArgumentException("kind '" + kind + "'");
            };
        } catch (IllegalArgumentException e) {
            throw new ArmingException(
                    ArmingFailure.Kind.REGION,
                    program.file() + ": slot '" + name
                            + "' is none that this manager knows (" + e.getMessage()
                            + "); build the monitor against this version");
        }
    }

    private long symbol(String alternatives, boolean optional) throws KernelUnresolvedException {
        String[] names = alternatives.split("\\|", -1);
        for (String name : names) {
            OptionalLong address = kernel.symbol(name);
            if (address.isPresent()) {
                return address.getAsLong();
            }
        }
        return optional ? 0 : kernel.requireSymbol(names[0]);
    }

    private long size(String alternatives, boolean optional) throws KernelUnresolvedException {
        String[] names = alternatives.split("\\|", -1);
        for (String name : names) {
            OptionalInt size = kernel.size(name);
            if (size.isPresent()) {
                return size.getAsInt();
            }
        }
        return optional ? MISSING : kernel.requireSize(names[0]);
    }
}
