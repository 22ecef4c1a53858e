// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import com.sun.jna.ptr.IntByReference;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.libvirt.jna.CString;
import org.libvirt.jna.DomainPointer;
import org.simvm.settings.SimSettings;

/** The calls of libvirt, each on the session that there is when it is made. */
abstract class LibvirtDomains implements Domains {
    private static final NativeLibvirt LIBVIRT = NativeLibvirt.INSTANCE;

    /**
     * Returns the present session.
     *
     * @throws LibvirtException there is none ({@link LibvirtException.Cause#NOT_CONNECTED})
     */
    abstract Session session() throws LibvirtException;

    @Override
    public List<Domain> list() throws LibvirtException {
        List<Domain> domains = new ArrayList<>();
        session().forEachDomain(domain -> {
            int active = LIBVIRT.virDomainIsActive(domain);
            int persistent = LIBVIRT.virDomainIsPersistent(domain);
            if (active >= 0 && persistent >= 0) { // else it vanished
                domains.add(new Domain(
                        EventCallbacks.uuid(domain),
                        EventCallbacks.name(domain),
                        active == 1,
                        persistent == 1));
            }
        });
        return domains;
    }

    @Override
    public String xml(UUID uuid, Copy copy) throws LibvirtException {
        return xml(uuid, copy == Copy.PERSISTENT ? NativeLibvirt.XML_INACTIVE : 0);
    }

    @Override
    public String definition(UUID uuid) throws LibvirtException {
        return xml(uuid, NativeLibvirt.XML_INACTIVE | NativeLibvirt.XML_SECURE);
    }

    private String xml(UUID uuid, int flags) throws LibvirtException {
        return session().call(uuid, domain -> {
            String what = "read the XML of " + label(domain);
            return text(LIBVIRT.virDomainGetXMLDesc(domain, flags), what);
        });
    }

    @Override
    public UUID define(String xml) throws LibvirtException {
        return session().call(connection -> {
            DomainPointer pointer = NativeErrors.check(
                    LIBVIRT.virDomainDefineXMLFlags(connection, xml, 0), "define a domain");
            try (DomainHandle handle = new DomainHandle(pointer)) {
                return EventCallbacks.uuid(handle.pointer());
            }
        });
    }

    @Override
    public Optional<String> refusal(String xml) throws LibvirtException {
        try {
            session()
                    .call(connection -> text(
                            LIBVIRT.virConnectDomainXMLToNative(connection, "qemu-argv", xml, 0),
                            "make a command line of the domain"));
            return Optional.empty();
        } catch (LibvirtException e) {
            if (e.reason() == LibvirtException.Cause.NOT_CONNECTED) {
                throw e;
            }
            return Optional.of(e.getMessage());
        }
    }

    @Override
    public Optional<String> metadata(UUID uuid, Copy copy) throws LibvirtException {
        return session().call(uuid, domain -> {
            String what = "read the SIM settings of " + label(domain);
            CString fragment = LIBVIRT.virDomainGetMetadata(
                    domain, NativeLibvirt.METADATA_ELEMENT, SimSettings.NAMESPACE, affected(copy));
            if (fragment == null && NativeErrors.isNoMetadata()) {
                return Optional.empty();
            }
            return Optional.of(text(fragment, what));
        });
    }

    @Override
    public void setMetadata(UUID uuid, Copy copy, Optional<String> fragment)
            throws LibvirtException {
        change(
                uuid,
                "set the SIM settings of",
                domain -> LIBVIRT.virDomainSetMetadata(
                        domain,
                        NativeLibvirt.METADATA_ELEMENT,
                        fragment.orElse(null),
                        SimSettings.PREFIX,
                        SimSettings.NAMESPACE,
                        affected(copy)));
    }

    @Override
    public State state(UUID uuid) throws LibvirtException {
        return session().call(uuid, LibvirtDomains::state);
    }

    @Override
    public void start(UUID uuid) throws LibvirtException {
        change(uuid, "start", LIBVIRT::virDomainCreate);
    }

    @Override
    public void suspend(UUID uuid) throws LibvirtException {
        change(
                uuid,
                "pause",
                domain -> state(domain).run() == RunState.PAUSED
                        ? 0
                        : LIBVIRT.virDomainSuspend(domain));
    }

    @Override
    public void resume(UUID uuid) throws LibvirtException {
        change(uuid, "resume", LIBVIRT::virDomainResume);
    }

    @Override
    public void destroy(UUID uuid) throws LibvirtException {
        change(
                uuid,
                "destroy",
                domain -> LIBVIRT.virDomainIsActive(domain) == 0
                        ? 0
                        : LIBVIRT.virDomainDestroy(domain));
    }

    @Override
    public void coreDump(UUID uuid, Path file) throws LibvirtException {
        change(
                uuid,
                "dump the memory of",
                domain -> LIBVIRT.virDomainCoreDumpWithFormat(
                        domain,
                        file.toString(),
                        NativeLibvirt.CORE_DUMP_RAW,
                        NativeLibvirt.DUMP_MEMORY_ONLY));
    }

    private interface DomainChange {
        int run(DomainPointer domain) throws LibvirtException;
    }

    private void change(UUID uuid, String verb, DomainChange change) throws LibvirtException {
        session().<Void>call(uuid, domain -> {
            String what = verb + " " + label(domain);
            NativeErrors.check(change.run(domain), what);
            return null;
        });
    }

    private static State state(DomainPointer domain) throws LibvirtException {
        IntByReference state = new IntByReference();
        IntByReference reason = new IntByReference();
        NativeErrors.check(
                LIBVIRT.virDomainGetState(domain, state, reason, 0), "read the state of a domain");
        RunState[] states = RunState.values(); // in the order of virDomainState, UNKNOWN last
        int number = state.getValue();
        return new State(
                number >= 0 && number < states.length ? states[number] : RunState.UNKNOWN,
                reason.getValue());
    }

    /** Copies text that libvirt allocated, and frees it. */
    private static String text(CString allocated, String what) throws LibvirtException {
        return NativeErrors.check(allocated, what).toString();
    }

    private static int affected(Copy copy) {
        return copy == Copy.PERSISTENT ? NativeLibvirt.AFFECT_CONFIG : 0;
    }

    /**
     * Names a domain in messages. Made before a call: each of these functions forgets the last
     * error.
     */
    private static String label(DomainPointer domain) {
        return "domain " + EventCallbacks.name(domain) + " (" + EventCallbacks.uuid(domain) + ")";
    }
}
