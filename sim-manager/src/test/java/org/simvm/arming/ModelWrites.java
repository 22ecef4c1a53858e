// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HexFormat;
import org.simvm.qmp.ScriptedQmp;

/** The writes of {@code sim-apply}: all, or none if one does not find what it expects. */
final class ModelWrites {
    private ModelWrites() {}

    static void apply(SyntheticGuest guest, JsonNode writes) {
        HexFormat hex = HexFormat.of();
        for (JsonNode write : writes) {
            byte[] expect = hex.parseHex(write.get("expect").asText());
            byte[] now = guest.read(write.get("gpa").asLong(), expect.length);
            if (!Arrays.equals(expect, now)) {
                throw new ScriptedQmp.CommandError(
                        "at 0x" + Long.toHexString(write.get("gpa").asLong()) + " there is "
                                + hex.formatHex(now) + " instead of " + hex.formatHex(expect));
            }
        }
        for (JsonNode write : writes) {
            guest.write(
                    write.get("gpa").asLong(), hex.parseHex(write.get("data").asText()));
        }
    }
}
