// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.reconcile;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import org.simvm.libvirt.DomainTransform;
import org.simvm.libvirt.Domains;
import org.simvm.libvirt.LibvirtException;
import org.simvm.prepare.Preparation;
import org.simvm.prepare.PreparationException;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.Problem;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;

/**
 * Finds all that keeps a domain from being under SIM at its next start, in its element, in the rest
 * of its XML, on this host and in libvirt's eyes, and changes nothing.
 */
public final class StartObstacles {
    private final Domains libvirt;
    private final Preparation preparation;
    private final DomainTransform transform;

    public StartObstacles(Domains libvirt, Preparation preparation, Path launcher) {
        this.libvirt = libvirt;
        this.preparation = preparation;
        this.transform = new DomainTransform(launcher);
    }

    /**
     * Looks at a persistent domain.
     *
     * @param name what problems call the domain
     * @param element an element to look at in place of the domain's own
     * @return one line each
     * @throws LibvirtException the domain's XML can't be read
     */
    public List<String> of(UUID domain, String name, Optional<String> element)
            throws LibvirtException {
        List<String> obstacles = new ArrayList<>();
        String xml = libvirt.definition(domain);
        try {
            DomainDocument document = DomainDocument.parse(xml, name);
            obstacles.addAll(inSettings(
                    element.isPresent()
                            ? DomainDocument.parse(element.get(), "element")
                            : document));
            String changed = transform.apply(document).xml();
            libvirt.refusal(changed).ifPresent(obstacles::add);
        } catch (SettingsException e) {
            e.problems().stream().map(Problem::toString).forEach(obstacles::add);
        }
        return obstacles;
    }

    private List<String> inSettings(DomainDocument document) {
        try {
            Optional<SimSettings> sim = SimSettingsReader.read(document);
            if (sim.isEmpty()) {
                return List.of(document.source() + " has no <sim:sim> element");
            }
            preparation.checkMonitors(sim.get());
            return List.of();
        } catch (SettingsException e) {
            return e.problems().stream().map(Problem::toString).toList();
        } catch (PreparationException e) {
            return List.of(e.getMessage());
        }
    }
}
