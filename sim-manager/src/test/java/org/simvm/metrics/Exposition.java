// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What Prometheus's text format (version 0.0.4) says, read as strictly as its specification is
 * written: samples by name and labels. Throws on anything that the format does not know.
 */
public record Exposition(Map<String, Double> samples, Map<String, String> types) {
    private static final String NAME = "[a-zA-Z_:][a-zA-Z0-9_:]*";
    private static final String LABEL = "[a-zA-Z_][a-zA-Z0-9_]*=\"(?:[^\"\\\\\n]|\\\\[\\\\\"n])*\"";
    private static final Pattern SAMPLE = Pattern.compile(
            "(" + NAME + ")(\\{(?:" + LABEL + "(?:," + LABEL + ")*,?)?\\})? (\\S+)( -?[0-9]+)?");
    private static final Pattern TYPE =
            Pattern.compile("# TYPE (" + NAME + ") (counter|gauge|histogram|summary|untyped)");
    private static final Pattern HELP = Pattern.compile("# HELP (" + NAME + ") [^\n]*");

    /** Reads a text. */
    public static Exposition of(String text) {
        Map<String, Double> samples = new TreeMap<>();
        Map<String, String> types = new HashMap<>();
        if (!text.endsWith("\n")) {
            throw new IllegalArgumentException("the last line does not end");
        }
        for (String line : text.split("\n", 0)) {
            Matcher type = TYPE.matcher(line);
            Matcher sample = SAMPLE.matcher(line);
            if (type.matches()) {
                if (types.put(type.group(1), type.group(2)) != null) {
                    throw new IllegalArgumentException("two types: " + line);
                }
            } else if (sample.matches()) {
                String family = sample.group(1).replaceFirst("_(bucket|sum|count)$", "");
                if (!types.containsKey(sample.group(1)) && !types.containsKey(family)) {
                    throw new IllegalArgumentException("a sample before its type: " + line);
                }
                String labels = sample.group(2) == null ? "" : sample.group(2);
                double value = sample.group(3).equals("+Inf")
                        ? Double.POSITIVE_INFINITY
                        : Double.parseDouble(sample.group(3));
                if (samples.put(sample.group(1) + labels, value) != null) {
                    throw new IllegalArgumentException("a sample twice: " + line);
                }
            } else if (!HELP.matcher(line).matches()) {
                throw new IllegalArgumentException("what is this: " + line);
            }
        }
        return new Exposition(samples, types);
    }
}
