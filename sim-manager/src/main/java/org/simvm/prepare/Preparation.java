// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import java.util.UUID;
import java.util.function.Supplier;
import org.simvm.host.GateChoice;
import org.simvm.host.GateUnavailableException;
import org.simvm.region.FileOwner;
import org.simvm.region.GateKind;
import org.simvm.region.RegionArea;
import org.simvm.region.RegionException;
import org.simvm.region.RegionFile;
import org.simvm.region.RegionPlan;
import org.simvm.region.SimAbi;
import org.simvm.settings.DomainDescription;
import org.simvm.settings.DomainDescriptionReader;
import org.simvm.settings.DomainDocument;
import org.simvm.settings.SettingsException;
import org.simvm.settings.SimSettings;
import org.simvm.settings.SimSettingsReader;
import org.simvm.state.DomainDirectories;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes what a domain's QEMU needs before it starts, from the domain's XML alone. */
public final class Preparation {
    private static final Logger log = LoggerFactory.getLogger(Preparation.class);
    /**
     * Where the monitor rings, or the gate {@code exit} leaves the guest: an I/O port that no
     * device of QEMU's x86 machines uses.
     */
    static final int DOORBELL_PORT = 0x05d0;

    private final Supplier<PrepareSettings> settings;
    private final DomainDirectories directories;
    private final MonitorLibrary library;
    private final PatchedQemu qemu = PatchedQemu.ofLauncher();
    private final GateChoice gates;

    /** @param settings those in force, asked for at each use */
    public Preparation(
            Supplier<PrepareSettings> settings, DomainDirectories directories, GateChoice gates) {
        this.settings = settings;
        this.directories = directories;
        this.gates = gates;
        this.library = new MonitorLibrary(() -> settings.get().monitors());
    }

    @FunctionalInterface
    private interface GateSource {
        GateKind gate(DomainDescription description, SimSettings sim) throws PreparationException;
    }

    /** Reads a domain's spec from its XML; empty if the domain has no {@code sim} element. */
    public Optional<DomainSpec> spec(DomainDocument document) throws PreparationException {
        return spec(document, (description, sim) -> {
            try {
                return gates.choose(sim.gate(), description.type());
            } catch (GateUnavailableException e) {
                throw new PreparationException(e.getMessage(), e);
            }
        });
    }

    /** Reads the spec of a guest that runs already, with the gate that it was prepared with. */
    public Optional<DomainSpec> specOfRunning(DomainDocument document, Path region)
            throws PreparationException {
        return spec(document, (description, sim) -> {
            try {
                return gates.ofRunning(RegionFile.gate(region));
            } catch (RegionException e) {
                throw new PreparationException(e.getMessage(), e);
            }
        });
    }

    private Optional<DomainSpec> spec(DomainDocument document, GateSource gate)
            throws PreparationException {
        try {
            Optional<SimSettings> found = SimSettingsReader.read(document);
            if (found.isEmpty()) {
                return Optional.empty();
            }
            DomainDescription description = DomainDescriptionReader.read(document);
            SimSettings sim = found.get();
            check(description);
            UUID domain = description
                    .uuid()
                    .orElseThrow(() -> new PreparationException(
                            "the XML of domain " + document.source() + " has no <uuid>", null));
            return Optional.of(new DomainSpec(
                    domain, description, sim, plan(description, sim, gate.gate(description, sim))));
        } catch (SettingsException e) {
            throw PreparationException.misunderstood(e.oneLine(), e);
        }
    }

    /**
     * Makes sure that every monitor that settings name is there, can be loaded, and knows the
     * parameters that it is given.
     */
    public void checkMonitors(SimSettings sim) throws PreparationException {
        try {
            library.monitors(sim.monitors());
        } catch (SettingsException e) {
            throw PreparationException.misunderstood(e.oneLine(), e);
        }
    }

    private void check(DomainDescription description) throws PreparationException {
        if (!description.architecture().isEmpty() && !description.architecture().equals("x86_64")) {
            throw new PreparationException(
                    "SIM guards x86_64 guests, not " + description.architecture(), null);
        }
        if (!description.emulator().equals(Optional.of(settings.get().launcher()))) {
            throw new PreparationException(
                    "<emulator> is "
                            + description.emulator().map(Path::toString).orElse("not set")
                            + " but must be " + settings.get().launcher() + "; use 'virt-sim apply "
                            + description.name()
                            + "', or 'virt-sim transform' for a transient domain",
                    null);
        }
        qemu.demandRegionDevice();
    }

    private RegionPlan plan(DomainDescription description, SimSettings sim, GateKind gate)
            throws PreparationException, SettingsException {
        if (gate == GateKind.EXIT && description.maxVcpus() > SimAbi.MAX_STACKS) {
            throw new PreparationException(
                    "gate 'exit' serves at most " + SimAbi.MAX_STACKS
                            + " vCPUs, and the domain may have " + description.maxVcpus()
                            + "; lower <vcpu>, or run it where a faster gate is possible",
                    null);
        }
        int stacks = Math.max(1, Math.min(description.maxVcpus(), SimAbi.MAX_STACKS));
        return new RegionPlan(
                RegionArea.UNCHOSEN,
                sim.regionBytesOr(settings.get().regionBytes()),
                description.maxMemoryBytes(),
                stacks,
                DOORBELL_PORT,
                gate,
                library.gates(),
                Optional.of(library.lastBranchGates()),
                library.core(),
                library.monitors(sim.monitors()));
    }

    /**
     * Reads a made-up domain's order, so that the first real one, for which libvirt waits, finds
     * classes, schema and monitors loaded.
     */
    public void warmUp() {
        String xml = "<domain type='qemu'><name>none</name><uuid>" + new UUID(0, 0)
                + "</uuid><memory unit='MiB'>256</memory>"
                + "<vcpu>1</vcpu><metadata><sim:sim xmlns:sim='" + SimSettings.NAMESPACE
                + "'><sim:monitor name='syscalls'/>"
                + "<sim:monitor name='process'/></sim:sim></metadata><os><type "
                + "arch='x86_64'>hvm</type></os><devices><emulator>"
                + settings.get().launcher() + "</emulator></devices></domain>";
        try {
            spec(DomainDocument.parse(xml, "none"));
            QemuOwner.of(settings.get());
        } catch (PreparationException | SettingsException e) {
            log.warn("no domain can be prepared on this host as it is: {}", e.getMessage());
        }
    }

    /** Makes run directory, region and launch file. On failure nothing stays behind. */
    public RegionFile carryOut(DomainSpec spec) throws PreparationException {
        Path directory = directories.run(spec.domain());
        RegionFile region = null;
        boolean done = false;
        try {
            FileOwner owner = QemuOwner.of(settings.get());
            RunDirectory.remove(directory);
            RunDirectory.create(directory);
            region = RegionFile.create(directory.resolve("region"), owner, spec.plan());
            LaunchFile.write(directory, spec, owner);
            RunDirectory.handOver(directory, owner);
            Files.createDirectories(
                    directories.state(spec.domain()),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rwx------")));
            done = true;
            return region;
        } catch (RegionException e) {
            throw new PreparationException(e.getMessage(), e);
        } catch (IOException e) {
            throw new PreparationException(
                    "can't prepare " + directory + ": " + e
                            + "; make room there, or correct its permissions",
                    e);
        } finally {
            if (!done) {
                if (region != null) {
                    region.close();
                }
                RunDirectory.remove(directory);
            }
        }
    }
}
