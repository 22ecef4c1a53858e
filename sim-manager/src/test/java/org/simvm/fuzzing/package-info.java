// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What reads memory that a hostile guest wrote, as targets of a coverage-guided fuzzer.
 *
 * <p>A target is a class with {@code public static void fuzzerTestOneInput(byte[])}, as Jazzer
 * calls it; it sits in the package that it tests, and its name stands in
 * {@link org.simvm.fuzzing.CorpusTests}. {@code ./dev fuzz} fuzzes them, and keeps the inputs that
 * reached new code in {@code sim-manager/src/test/fuzzing/TARGET}; {@code mvn test} runs every one
 * of those again. What a target throws, what takes longer than a minute, and what needs more than
 * 256 MiB is a finding.
 */
package org.simvm.fuzzing;
