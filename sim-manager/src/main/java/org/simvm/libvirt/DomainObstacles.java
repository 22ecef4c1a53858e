// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.libvirt;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.DomainDocument.Element;
import org.simvm.settings.Problem;

/** What in a domain's XML keeps it from running under SIM. */
final class DomainObstacles {
    private static final Set<String> DOMAIN_TYPES = Set.of("kvm", "qemu");
    private static final String SHARED = "shared";
    private static final String PRIVATE = "guest RAM is private to QEMU";
    private static final String UNSHARABLE = " keeps the launcher from sharing it";

    private DomainObstacles() {}

    /** Returns every reason; empty if the domain can run under SIM. */
    static List<Problem> of(DomainDocument document) {
        Element domain = document.root();
        List<Problem> problems = new ArrayList<>();
        String type = domain.attribute("type").orElse("");
        if (!DOMAIN_TYPES.contains(type)) {
            problems.add(document.problem(
                    domain,
                    "SIM cannot serve a domain of type \"" + type + "\"",
                    "use type kvm or qemu, or remove the <sim:sim> element"));
        }
        domain.child("os").flatMap(os -> os.child("type")).ifPresent(os -> {
            String architecture = os.attribute("arch").orElse("x86_64");
            if (!architecture.equals("x86_64")) {
                problems.add(document.problem(
                        os,
                        "SIM cannot serve a guest of architecture " + architecture,
                        "use x86_64, or remove the <sim:sim> element"));
            }
        });
        domain.child("launchSecurity")
                .ifPresent(element -> problems.add(document.problem(
                        element,
                        "the guest's memory is encrypted by <launchSecurity>, so nothing on "
                                + "the host can read it",
                        "remove one of <launchSecurity> and <sim:sim>")));
        problems.addAll(privateMemory(document));
        return problems;
    }

    /**
     * Guest RAM that the manager cannot map. The launcher turns a private
     * {@code memory-backend-ram} into a shared memfd; libvirt makes another backend
     * (qemu_command.c, qemuBuildMemoryBackendProps) for huge pages, for a source, and for any
     * access that is named, and that one must be shared already.
     */
    private static List<Problem> privateMemory(DomainDocument document) {
        Element domain = document.root();
        Optional<Element> backing = domain.child("memoryBacking");
        String mode = backing.flatMap(each -> each.child("access"))
                .flatMap(each -> each.attribute("mode"))
                .orElse("");
        List<Element> cells = domain.child("cpu")
                .flatMap(each -> each.child("numa"))
                .map(each -> each.children("cell"))
                .orElse(List.of());
        boolean allCellsShared = !cells.isEmpty()
                && cells.stream()
                        .allMatch(c -> c.attribute("memAccess").orElse(mode).equals(SHARED));
        List<Problem> problems = new ArrayList<>();
        if (!mode.equals(SHARED) && !allCellsShared) {
            backing.flatMap(DomainObstacles::reasonForOwnBackend)
                    .ifPresent(reason -> problems.add(document.problem(
                            reason,
                            PRIVATE + " and <" + reason.name() + ">" + UNSHARABLE,
                            "add <access mode='shared'/> to <memoryBacking>")));
        }
        for (Element cell : cells) {
            if (cell.attribute("memAccess").filter(a -> !a.equals(SHARED)).isPresent()) {
                problems.add(document.problem(
                        cell,
                        PRIVATE + " and memAccess of this <cell>" + UNSHARABLE,
                        "write memAccess='shared'"));
            }
        }
        domain.child("devices").map(each -> each.children("memory")).orElse(List.of()).stream()
                .flatMap(device -> privateDevice(document, device, mode).stream())
                .forEach(problems::add);
        return problems;
    }

    /** What makes libvirt choose a backend of its own for the domain's RAM. */
    private static Optional<Element> reasonForOwnBackend(Element backing) {
        return backing.child("hugepages")
                .or(() -> backing.child("source")
                        .filter(source ->
                                !source.attribute("type").orElse("anonymous").equals("anonymous")))
                .or(() -> backing.child("access"));
    }

    private static Optional<Problem> privateDevice(
            DomainDocument document, Element device, String mode) {
        boolean named = device.attribute("access").isPresent();
        boolean ownSource = device.child("source")
                .filter(s -> s.child("pagesize").isPresent() || s.child("path").isPresent())
                .isPresent();
        if (device.attribute("access").orElse(mode).equals(SHARED) || (!named && !ownSource)) {
            return Optional.empty();
        }
        return Optional.of(document.problem(
                device,
                PRIVATE + " and " + (named ? "access" : "<source>") + " of this <memory> device"
                        + UNSHARABLE,
                "write access='shared'"));
    }
}
