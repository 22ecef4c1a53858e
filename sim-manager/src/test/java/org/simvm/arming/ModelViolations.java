// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** The violations of a {@link ModelQemu}: numbered, and the last {@value #KEPT} kept. */
final class ModelViolations {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int KEPT = 1024;

    private long number;

    /** The guest breaks a rule so often; returns the last time. */
    ObjectNode happen(int times) {
        number += times;
        return violation(number);
    }

    /** Returns those after a sequence number. */
    ObjectNode after(long sequence) {
        ObjectNode answer = JSON.createObjectNode();
        long first = Math.max(sequence, number - KEPT);
        answer.put("lost", first - sequence);
        ArrayNode list = answer.putArray("violations");
        for (long next = first + 1; next <= number; next++) {
            list.add(violation(next));
        }
        return answer;
    }

    private static ObjectNode violation(long sequence) {
        return JSON.createObjectNode()
                .put("sequence", sequence)
                .put("time-ns", 1_700_000_000_000_000_000L)
                .put("kind", "probe")
                .put("fail-stop", false)
                .put("cpu", 0)
                .put("view", "normal")
                .put("access", "read")
                .put("size", 8)
                .put("gpa", 1L << 39)
                .put("rip", 0x1000)
                .put("cr3", SyntheticGuest.CR3)
                .put("cpl", 0);
    }
}
