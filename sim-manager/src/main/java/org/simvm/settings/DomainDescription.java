// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.UUID;

/**
 * What the manager needs to know from a domain's XML, beside the SIM settings.
 *
 * @param uuid empty only in XML that was never given to libvirt
 * @param name libvirt's name; for people, never a key
 * @param type {@code kvm}, {@code qemu}, ...
 * @param architecture {@code x86_64}, ...; empty if not said
 * @param machine machine type, such as {@code pc-q35-10.0}; empty if not said
 * @param emulator path of the emulator; empty if not said
 * @param currentMemoryBytes what the balloon leaves to the guest
 * @param memoryBytes RAM at boot
 * @param maxMemoryBytes RAM after everything was hot-plugged; {@code memoryBytes} without hot-plug
 * @param maxVcpus vCPUs that may ever be online
 */
public record DomainDescription(
        Optional<UUID> uuid,
        String name,
        String type,
        String architecture,
        String machine,
        Optional<Path> emulator,
        long currentMemoryBytes,
        long memoryBytes,
        long maxMemoryBytes,
        int maxVcpus) {

    public DomainDescription {
        Objects.requireNonNull(uuid, "uuid");
        Objects.requireNonNull(name, "name");
        Objects.requireNonNull(type, "type");
        Objects.requireNonNull(architecture, "architecture");
        Objects.requireNonNull(machine, "machine");
        Objects.requireNonNull(emulator, "emulator");
    }
}
