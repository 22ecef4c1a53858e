// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;

/** Reads a file, or standard input. */
final class InputText {
    private static final int LIMIT = 16 << 20;

    private InputText() {}

    static String read(String file) throws IOException {
        try (InputStream in = file.equals("-") ? System.in : Files.newInputStream(Path.of(file))) {
            byte[] bytes = in.readNBytes(LIMIT + 1);
            if (bytes.length > LIMIT) {
                throw new IOException(name(file) + " is longer than 16 MiB; is it the right file?");
            }
            return new String(bytes, StandardCharsets.UTF_8);
        } catch (NoSuchFileException e) {
            throw new IOException("there is no file " + file, e);
        }
    }

    static String name(String file) {
        return file.equals("-") ? "standard input" : file;
    }
}
