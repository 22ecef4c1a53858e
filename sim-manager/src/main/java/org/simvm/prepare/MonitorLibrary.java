// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.prepare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Supplier;
import org.simvm.region.GateLoader;
import org.simvm.region.GateTemplate;
import org.simvm.region.MonitorProgram;
import org.simvm.region.ProgramLoader;
import org.simvm.region.RegionException;
import org.simvm.region.RegionPlan.PlannedMonitor;
import org.simvm.settings.MonitorFiles;
import org.simvm.settings.MonitorSettings;
import org.simvm.settings.SettingsException;

/**
 * Loads gates and monitors, and keeps what it has loaded until the file changes: libvirt waits for
 * the answer.
 */
public final class MonitorLibrary {
    private final Supplier<MonitorFiles> files;
    private final ConcurrentHashMap<Path, Loaded<MonitorProgram>> programs =
            new ConcurrentHashMap<>();
    private final ConcurrentHashMap<Path, Loaded<GateTemplate>> gates = new ConcurrentHashMap<>();

    private record Stamp(FileTime modified, long size, Object inode) {}

    private record Loaded<T>(Stamp stamp, T content) {}

    @FunctionalInterface
    private interface Loader<T> {
        T load(Path file) throws RegionException;
    }

    public MonitorLibrary(Supplier<MonitorFiles> files) {
        this.files = files;
    }

    public GateTemplate gates() throws PreparationException {
        return load(gates, files.get().gates(), "the gate template", GateLoader::load);
    }

    public GateTemplate lastBranchGates() throws PreparationException {
        return load(
                gates,
                files.get().lastBranchGates(),
                "the gate template for a QEMU with a last branch record",
                GateLoader::load);
    }

    public MonitorProgram core() throws PreparationException {
        return load(programs, files.get().core(), "the monitors' core", ProgramLoader::load);
    }

    /**
     * Loads monitors, and makes sure that they know the parameters that they are given.
     *
     * @throws SettingsException a file lies where this host allows none
     */
    public List<PlannedMonitor> monitors(List<MonitorSettings> wanted)
            throws PreparationException, SettingsException {
        List<PlannedMonitor> planned = new ArrayList<>();
        for (MonitorSettings monitor : wanted) {
            Path file = files.get().monitor(monitor);
            PlannedMonitor plan = new PlannedMonitor(
                    load(programs, file, "monitor '" + monitor.name() + "'", ProgramLoader::load),
                    monitor.parameters());
            try {
                plan.encodeParameters();
            } catch (RegionException e) {
                throw PreparationException.misunderstood(e.getMessage(), e);
            }
            planned.add(plan);
        }
        return planned;
    }

    private <T> T load(
            ConcurrentHashMap<Path, Loaded<T>> cache, Path file, String what, Loader<T> loader)
            throws PreparationException {
        try {
            BasicFileAttributes attributes = Files.readAttributes(file, BasicFileAttributes.class);
            Stamp stamp = new Stamp(
                    attributes.lastModifiedTime(), attributes.size(), attributes.fileKey());
            Loaded<T> known = cache.get(file);
            if (known == null || !known.stamp().equals(stamp)) {
                known = new Loaded<>(stamp, loader.load(file));
                cache.put(file, known);
            }
            return known.content();
        } catch (IOException e) {
            throw new PreparationException(
                    "there is no " + file + " for " + what
                            + "; correct its name in <sim:sim>, or install the monitors",
                    e);
        } catch (RegionException e) {
            throw new PreparationException(e.getMessage(), e);
        }
    }
}
