// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.Set;

/**
 * What a domain's {@code <sim:sim>} element asks for.
 *
 * @param required the domain must not run unless it is armed
 * @param gate how hooks reach the monitor
 * @param regionBytes size of the region, a multiple of 4096 from {@link #MINIMUM_REGION_BYTES} to
 *     {@link #MAXIMUM_REGION_BYTES}; empty: the host's default
 * @param kernels build IDs, in lower-case hexadecimal, of the kernels that the guest may boot;
 *     empty: any
 * @param monitors in the order of the XML; events name a monitor by its index in this list. May be
 *     empty: then the guest is armed and checked, and has no hooks
 * @param integrity empty if the domain switched checks off
 * @param policy what is done about violations and findings
 */
public record SimSettings(
        boolean required,
        Gate gate,
        OptionalLong regionBytes,
        Set<String> kernels,
        List<MonitorSettings> monitors,
        Optional<IntegritySettings> integrity,
        PolicySettings policy) {

    /**
     * Namespace of the {@code sim} element. The version in it changes only when old documents stop
     * being valid.
     */
    public static final String NAMESPACE = "https://simvm.org/xmlns/libvirt/domain/1.0";

    /** Prefix that libvirt is asked to use, and the key for {@code virsh metadata}. */
    public static final String PREFIX = "sim";

    public static final long MINIMUM_REGION_BYTES = 1L << 20;
    public static final long MAXIMUM_REGION_BYTES = 1L << 30;

    public SimSettings {
        Objects.requireNonNull(gate, "gate");
        Objects.requireNonNull(regionBytes, "regionBytes");
        Objects.requireNonNull(integrity, "integrity");
        Objects.requireNonNull(policy, "policy");
        kernels = Set.copyOf(kernels);
        monitors = List.copyOf(monitors);
    }

    /** Returns the region's size in bytes, {@code hostDefault} if the domain names none. */
    public long regionBytesOr(long hostDefault) {
        return regionBytes.orElse(hostDefault);
    }
}
