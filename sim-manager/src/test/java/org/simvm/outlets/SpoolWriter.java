// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.nio.file.Path;
import java.util.List;

/**
 * A process that appends to a spool until it is killed, and says the number of each line when it is
 * in.
 */
final class SpoolWriter {
    private SpoolWriter() {}

    public static void main(String[] arguments) throws Exception {
        Spool spool = new Spool(Path.of(arguments[0]), "host", 1 << 20);
        for (int i = 0; ; i++) {
            spool.append(List.of(SpoolTests.line(i, 20)));
            System.out.println(i);
            System.out.flush();
        }
    }
}
