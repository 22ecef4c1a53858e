// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import com.sun.jna.Library;
import com.sun.jna.Native;
import com.sun.jna.Pointer;
import com.sun.jna.ptr.IntByReference;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.libvirt.jna.ConnectionPointer;
import org.libvirt.jna.DomainPointer;
import org.libvirt.jna.Libvirt;

/**
 * libvirt's functions: those that libvirt-java declares, and those that it does not. Names are
 * libvirt's; see libvirt-domain.h.
 *
 * <p>Use this instance and not libvirt-java's own: libvirt speaks UTF-8, and JNA would use the
 * locale of the process, which is ASCII for a service of systemd.
 */
interface NativeLibvirt extends Libvirt {

    NativeLibvirt INSTANCE = Native.load(
            "virt",
            NativeLibvirt.class,
            Map.of(Library.OPTION_STRING_ENCODING, StandardCharsets.UTF_8.name()));

    /** {@code VIR_DOMAIN_EVENT_ID_LIFECYCLE}. */
    int EVENT_LIFECYCLE = 0;
    /**
     * {@code VIR_DOMAIN_EVENT_ID_METADATA_CHANGE}; libvirt-java knows the number and has no
     * callback for it.
     */
    int EVENT_METADATA_CHANGE = 23;
    /** {@code VIR_DOMAIN_METADATA_ELEMENT}. */
    int METADATA_ELEMENT = 2;
    /** {@code VIR_DOMAIN_AFFECT_CONFIG}. */
    int AFFECT_CONFIG = 2;
    /** {@code VIR_DOMAIN_XML_SECURE}. */
    int XML_SECURE = 1;
    /** {@code VIR_DOMAIN_XML_INACTIVE}. */
    int XML_INACTIVE = 2;
    /** {@code VIR_DOMAIN_CORE_DUMP_FORMAT_RAW}: ELF, uncompressed, when only memory is dumped. */
    int CORE_DUMP_RAW = 0;
    /** {@code VIR_DUMP_MEMORY_ONLY}. */
    int DUMP_MEMORY_ONLY = 16;

    /** {@code virConnectDomainEventMetadataChangeCallback}. */
    interface MetadataChangeCallback extends Libvirt.VirDomainEventCallback {
        void eventCallback(
                ConnectionPointer connection,
                DomainPointer domain,
                int type,
                String namespace,
                Pointer opaque);
    }

    int virDomainGetState(
            DomainPointer domain, IntByReference state, IntByReference reason, int flags);

    DomainPointer virDomainDefineXMLFlags(ConnectionPointer connection, String xml, int flags);

    int virDomainCoreDumpWithFormat(DomainPointer domain, String file, int format, int flags);

    /** The calling thread's last error, as text that belongs to libvirt. */
    String virGetLastErrorMessage();

    /** The calling thread's last error, as {@code virErrorNumber}. */
    int virGetLastErrorCode();
}
