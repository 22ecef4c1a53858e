// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;
import java.util.regex.Pattern;

/**
 * Says where the files of each domain are.
 *
 * @param run what lives as long as the host is up: {@code domains/libvirt-<uuid>} has a domain's
 *     region, launch file and QMP socket
 * @param state what outlives a reboot: {@code domains/<uuid>} has a domain's baseline, incidents
 *     and event log
 */
public record DomainDirectories(Path run, Path state) {
    private static final String RUN_PREFIX = "libvirt-";
    private static final Pattern UUID_TEXT =
            Pattern.compile("\\p{XDigit}{8}(-\\p{XDigit}{4}){3}-\\p{XDigit}{12}");

    public DomainDirectories {
        Objects.requireNonNull(run, "run");
        Objects.requireNonNull(state, "state");
    }

    /** Returns the directory of all domains' run directories. */
    public Path runs() {
        return run.resolve("domains");
    }

    /** Returns the directory of all domains' state directories. */
    public Path states() {
        return state.resolve("domains");
    }

    /**
     * Returns the directory of {@code region}, {@code launch} and {@code qmp.sock}. It has the name
     * of libvirt's AppArmor profile for the domain, so that one rule, {@code @{profile_name}}, lets
     * each QEMU into its own directory alone.
     */
    public Path run(UUID domain) {
        return runs().resolve(RUN_PREFIX + domain);
    }

    /** Returns whose run directory this is; empty if its name is that of none. */
    public static Optional<UUID> domainOfRun(Path directory) {
        String name = directory.getFileName().toString();
        return name.startsWith(RUN_PREFIX)
                ? uuid(name.substring(RUN_PREFIX.length()))
                : Optional.empty();
    }

    /** Returns the directory of the baseline, the incidents and the last report. */
    public Path state(UUID domain) {
        return states().resolve(domain.toString());
    }

    /** Returns whose state directory this is; empty if its name is that of none. */
    public static Optional<UUID> domainOfState(Path directory) {
        return uuid(directory.getFileName().toString());
    }

    private static Optional<UUID> uuid(String text) {
        return UUID_TEXT.matcher(text).matches()
                ? Optional.of(UUID.fromString(text))
                : Optional.empty();
    }

    /** Returns the directory of the markers of domains that must not start unprepared. */
    public Path requiredMarkers() {
        return state.resolve("required");
    }

    /** Returns the marker that forbids the launcher to start the domain unprepared. */
    public Path requiredMarker(UUID domain) {
        return requiredMarkers().resolve(domain.toString());
    }
}
