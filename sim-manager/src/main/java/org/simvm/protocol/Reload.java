// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import java.util.List;
import java.util.Optional;

/**
 * The answer to {@code reload}: either the mistakes, or the other two.
 *
 * @param problems every mistake in the configuration, one line each; the old one stays in force
 * @param changed keys whose new values are in force
 * @param nextStart keys whose new values wait for the manager's next start
 */
public record Reload(
        Optional<List<String>> problems,
        Optional<List<String>> changed,
        Optional<List<String>> nextStart) {

    /** The configuration was read. */
    public static Reload done(List<String> changed, List<String> nextStart) {
        return new Reload(Optional.empty(), Optional.of(changed), Optional.of(nextStart));
    }

    /** The configuration has mistakes. */
    public static Reload refused(List<String> problems) {
        return new Reload(Optional.of(problems), Optional.empty(), Optional.empty());
    }
}
