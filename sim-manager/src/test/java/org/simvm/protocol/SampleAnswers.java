// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;

/**
 * Answers of a manager as they are on the wire, and what {@code virt-sim} prints of them:
 * {@code NAME.jsonl} and {@code NAME.txt} beside this class, where {@code NAME} is a verb and,
 * after a dot, what is special about the answer.
 *
 * @param name of the files
 * @param verb that is answered
 * @param lines of JSON
 */
public record SampleAnswers(String name, Verb<?, ?> verb, List<String> lines) {
    /** Returns all samples. */
    public static Stream<SampleAnswers> all() {
        try (Stream<Path> files = Files.list(folder())) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(file -> file.endsWith(".jsonl"))
                    .sorted()
                    .map(file -> named(file.substring(0, file.length() - ".jsonl".length())))
                    .toList()
                    .stream();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Returns one sample. */
    public static SampleAnswers named(String name) {
        try {
            return new SampleAnswers(
                    name,
                    Verbs.named(name.split("\\.", 0)[0]).orElseThrow(),
                    Files.readAllLines(folder().resolve(name + ".jsonl")));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static Path folder() {
        try {
            return Path.of(SampleAnswers.class.getResource("about.jsonl").toURI())
                    .resolveSibling("");
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    /** Returns what {@code virt-sim} prints, its exit status in the last line. */
    public String text() {
        try {
            return Files.readString(folder().resolve(name + ".txt"));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public String toString() {
        return name;
    }
}
