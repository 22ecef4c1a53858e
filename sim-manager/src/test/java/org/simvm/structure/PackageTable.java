// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.structure;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads the packages out of the first table of a document that has a column {@code package}. */
final class PackageTable {
    private static final Pattern NAME = Pattern.compile("`([a-z.]+)`");

    private PackageTable() {}

    /** Returns the packages of a table whose rows go down to the ground. */
    static List<String> topDown(Path document) {
        return read(document);
    }

    /** Returns the packages of a table whose rows go up from the ground, the highest first. */
    static List<String> groundUp(Path document) {
        List<String> packages = new ArrayList<>(read(document));
        Collections.reverse(packages);
        return packages;
    }

    private static List<String> read(Path document) {
        List<String> packages = new ArrayList<>();
        int column = -1;
        try {
            for (String line : Files.readAllLines(document)) {
                List<String> cells = List.of(line.split("\\s*\\|\\s*", -1));
                if (column < 0) {
                    column = cells.indexOf("package");
                } else if (!line.startsWith("|")) {
                    break;
                } else {
                    Matcher name = NAME.matcher(cells.get(column));
                    if (name.matches()) {
                        packages.add(name.group(1));
                    }
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        if (packages.isEmpty()) {
            throw new IllegalStateException(document + " has no table of packages");
        }
        return packages;
    }
}
