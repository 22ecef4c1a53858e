// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.fuzzing;

import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.DynamicTest;
import org.junit.jupiter.api.TestFactory;
import org.simvm.events.EventFuzzing;
import org.simvm.guest.kernel.KallsymsFuzzing;
import org.simvm.guest.kernel.ListsFuzzing;
import org.simvm.guest.kernel.TypesFuzzing;
import org.simvm.guest.paging.PageTablesFuzzing;
import org.simvm.integrity.TaskListFuzzing;
import org.simvm.region.RingFuzzing;

@DisplayName("Every input that a fuzzer kept ends in an answer or a documented refusal")
class CorpusTests {
    /** Read by {@code testbed/fuzz.sh} too: one a line. */
    private static final List<Class<?>> TARGETS = List.of(
            KallsymsFuzzing.class,
            TypesFuzzing.class,
            ListsFuzzing.class,
            PageTablesFuzzing.class,
            TaskListFuzzing.class,
            RingFuzzing.class,
            EventFuzzing.class);

    private static final Path CORPUS = Path.of("src/test/fuzzing");
    /** Each takes a second at most on an idle machine. */
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @TestFactory
    Stream<DynamicTest> corpus() {
        return TARGETS.stream()
                .map(target ->
                        DynamicTest.dynamicTest(target.getSimpleName(), () -> replay(target)));
    }

    private static void replay(Class<?> target) throws IOException, ReflectiveOperationException {
        Method method = target.getMethod("fuzzerTestOneInput", byte[].class);
        List<Path> inputs;
        try (Stream<Path> files = Files.list(CORPUS.resolve(target.getSimpleName()))) {
            inputs = files.sorted().toList();
        }
        assertTrue(
                inputs.size() >= 5, target.getSimpleName() + " has " + inputs.size() + " inputs");
        for (Path input : inputs) {
            byte[] bytes = Files.readAllBytes(input);
            assertTimeoutPreemptively(
                    TIMEOUT,
                    () -> {
                        try {
                            method.invoke(null, (Object) bytes);
                        } catch (InvocationTargetException e) {
                            throw new AssertionError(input + ": " + e.getCause(), e.getCause());
                        }
                    },
                    input.toString());
        }
    }

    @TestFactory
    Stream<DynamicTest> anEmptyInput() {
        return TARGETS.stream()
                .map(target -> DynamicTest.dynamicTest(
                        target.getSimpleName(),
                        () -> target.getMethod("fuzzerTestOneInput", byte[].class)
                                .invoke(null, (Object) new byte[0])));
    }
}
