// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Assumptions;

/** The machine's C compiler, for tests that hold Java against what C makes of the same headers. */
final class CCompiler {
    private CCompiler() {}

    /**
     * The folder of sim_abi.h and sim_monitor.h; the test is skipped if they aren't there (a source
     * tree of the manager alone).
     */
    static Path headers() {
        Path headers = Path.of("..", "native-qemu-patch", "monitor", "include")
                .toAbsolutePath()
                .normalize();
        Assumptions.assumeTrue(
                Files.exists(headers.resolve("sim_abi.h")),
                "skipped: no " + headers.resolve("sim_abi.h"));
        return headers;
    }

    /** Compiles a source text; the test is skipped if there is no compiler. */
    static Path compile(Path folder, String name, String source, String... options)
            throws IOException, InterruptedException {
        Assumptions.assumeTrue(
                Files.isExecutable(Path.of("/usr/bin/gcc")), "skipped: no /usr/bin/gcc");
        Path file = Files.writeString(folder.resolve(name + ".c"), source);
        Path made = folder.resolve(name);
        List<String> command = new ArrayList<>(List.of(
                "/usr/bin/gcc",
                "-std=gnu11",
                "-I" + headers(),
                "-o",
                made.toString(),
                file.toString()));
        command.addAll(Arrays.asList(options));
        run(command);
        return made;
    }

    static String run(List<String> command) throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + " failed:\n" + output);
        }
        return output;
    }
}
