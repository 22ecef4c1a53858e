// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileStore;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.simvm.control.ControlClient;
import org.simvm.control.ControlException;
import org.simvm.host.GateOffer;
import org.simvm.host.HostCpu;
import org.simvm.host.KvmDevice;
import org.simvm.protocol.ManagerStatus;
import org.simvm.protocol.NoArguments;
import org.simvm.protocol.Verbs;
import org.simvm.region.GateLoader;
import org.simvm.region.ProgramLoader;
import org.simvm.region.RegionException;
import org.simvm.settings.Gate;
import org.simvm.settings.ManagerSettings;

/**
 * Looks at the host. Nothing is changed; KVM is asked what it can do, and no virtual machine is
 * made.
 */
final class HostChecks {
    private static final Path HOOK = Path.of("/etc/libvirt/hooks/qemu.d/50-sim");
    private static final Path QEMU = Path.of("/usr/lib/qemu-sim/qemu-system-x86_64");
    private static final long ROOM = 64L << 20;
    private static final int OUTPUT_LIMIT = 1 << 20;

    private final ManagerSettings settings;
    private final List<Outcome> outcomes = new ArrayList<>();

    /** How a check ended. */
    enum Verdict {
        PASS,
        WARN,
        FAIL
    }

    /**
     * What was looked at and how it is.
     *
     * @param advice what to do; empty if all is well
     * @param gate whose presence it tells, if it does
     */
    record Outcome(String what, Verdict verdict, String advice, Optional<GateOffer> gate) {}

    HostChecks(ManagerSettings settings) {
        this.settings = settings;
    }

    List<Outcome> run() throws InterruptedException {
        launcher();
        qemu();
        monitors();
        hook();
        manager();
        room();
        appArmor();
        outcomes.addAll(gates(GateOffer.of(KvmDevice.ofHost().ask(), HostCpu.ofHost())));
        return List.copyOf(outcomes);
    }

    private void say(String what, Verdict verdict, String advice) {
        outcomes.add(new Outcome(what, verdict, advice, Optional.empty()));
    }

    private void say(String what, boolean good, Verdict otherwise, String advice) {
        say(what, good ? Verdict.PASS : otherwise, good ? "" : advice);
    }

    private void launcher() throws InterruptedException {
        Path launcher = settings.launcher();
        say(
                "for the launcher " + launcher,
                Files.isExecutable(launcher),
                Verdict.FAIL,
                "install the patched QEMU");
        if (Files.isExecutable(launcher)) {
            Ran ran = run(List.of(launcher.toString(), "-version"));
            say(
                    "whether libvirt can ask the launcher for its version",
                    ran.status() == 0,
                    Verdict.FAIL,
                    firstLine(ran.output()));
        }
    }

    private void qemu() throws InterruptedException {
        String override = System.getenv("SIM_QEMU");
        Path qemu = override == null || override.isEmpty() ? QEMU : Path.of(override);
        if (!Files.isExecutable(qemu)) {
            say("for the patched QEMU " + qemu, Verdict.FAIL, "install it");
            return;
        }
        Ran ran = run(List.of(
                qemu.toString(),
                "-machine",
                "none,accel=tcg",
                "-nodefaults",
                "-device",
                "sim-region,help"));
        say(
                "whether QEMU has the region device (sim-region)",
                ran.status() == 0 && ran.output().contains("memdev"),
                Verdict.FAIL,
                ran.status() == 0 ? "this QEMU is not patched" : firstLine(ran.output()));
    }

    private void monitors() {
        try {
            GateLoader.load(settings.monitorFiles().gates());
            GateLoader.load(settings.monitorFiles().lastBranchGates());
            ProgramLoader.load(settings.monitorFiles().core());
            say("whether gates and the monitors' core can be loaded", Verdict.PASS, "");
        } catch (RegionException e) {
            say("whether gates and the monitors' core can be loaded", Verdict.FAIL, e.getMessage());
        }
        Path directory = settings.monitorFiles().core().getParent();
        try (Stream<Path> files = Files.list(directory)) {
            for (Path file : files.filter(each -> each.toString().endsWith(".elf"))
                    .sorted()
                    .toList()) {
                if (!List.of(
                                settings.monitorFiles().gates(),
                                settings.monitorFiles().lastBranchGates(),
                                settings.monitorFiles().core())
                        .contains(file)) {
                    String what = "whether the monitor "
                            + file.getFileName().toString().replace(".elf", "") + " can be loaded";
                    try {
                        ProgramLoader.load(file);
                        say(what, Verdict.PASS, "");
                    } catch (RegionException e) {
                        say(what, Verdict.FAIL, e.getMessage());
                    }
                }
            }
        } catch (IOException e) {
            say("for monitors in " + directory, Verdict.FAIL, "install them");
        }
    }

    private void hook() {
        say(
                "for libvirt's hook " + HOOK,
                Files.isExecutable(HOOK),
                Verdict.FAIL,
                Files.exists(HOOK)
                        ? "chmod +x it, libvirt skips it silently now"
                        : "install it and restart libvirtd; without it no domain is prepared");
    }

    private void manager() {
        try {
            ManagerStatus manager = new ControlClient(settings.controlSocket())
                    .askOne(Verbs.ABOUT, new NoArguments());
            say("whether sim-manager runs", Verdict.PASS, "");
            say(
                    "whether sim-manager is connected to " + settings.libvirtUri(),
                    manager.libvirtConnected(),
                    Verdict.FAIL,
                    "see the manager's log and 'virsh -c " + settings.libvirtUri() + " list'");
        } catch (ControlException e) {
            say("whether sim-manager runs", Verdict.FAIL, e.getMessage());
        }
    }

    private void room() {
        Path directory = Files.isDirectory(settings.runDirectory())
                ? settings.runDirectory()
                : settings.runDirectory().toAbsolutePath().getRoot();
        try {
            FileStore store = Files.getFileStore(directory);
            say(
                    "for room for regions in " + settings.runDirectory(),
                    store.getUsableSpace() >= ROOM,
                    Verdict.WARN,
                    (store.getUsableSpace() >> 20) + " MiB are free; each domain takes "
                            + (settings.regionBytes() >> 20) + " MiB");
        } catch (IOException e) {
            say("for room for regions in " + settings.runDirectory(), Verdict.WARN, e.toString());
        }
    }

    private void appArmor() {
        if (!read(Path.of("/sys/module/apparmor/parameters/enabled")).startsWith("Y")) {
            return;
        }
        boolean dropIn = Files.exists(Path.of("/etc/apparmor.d/abstractions/libvirt-qemu.d/sim"));
        boolean local = read(Path.of("/etc/apparmor.d/local/abstractions/libvirt-qemu"))
                .contains("sim-manager");
        say(
                "for AppArmor rules that let guests use the launcher",
                dropIn || local,
                Verdict.WARN,
                "add packaging/apparmor/libvirt-qemu.sim to "
                        + "/etc/apparmor.d/local/abstractions/libvirt-qemu");
    }

    /** Shows which gates a host has. */
    static List<Outcome> gates(List<GateOffer> offers) {
        return offers.stream()
                .map(offer -> {
                    String what = "for "
                            + (offer.gate() == Gate.AUTO
                                    ? "any gate"
                                    : "gate '" + offer.gate().xmlName() + "'")
                            + " of <domain type='" + offer.domainType() + "'>"
                            + (offer.automatic() ? ", which gate='auto' takes" : "");
                    return new Outcome(
                            what,
                            switch (offer.standing()) {
                                case OFFERED -> Verdict.PASS;
                                case LACKING -> Verdict.WARN;
                                case IMPOSSIBLE -> Verdict.FAIL;
                            },
                            offer.advice(),
                            Optional.of(offer));
                })
                .toList();
    }

    private static String read(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            return "";
        }
    }

    private static String firstLine(String output) {
        return output.lines().findFirst().orElse("it said nothing");
    }

    private record Ran(int status, String output) {}

    private static Ran run(List<String> command) throws InterruptedException {
        try {
            Process process = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectInput(Path.of("/dev/null").toFile())
                    .start();
            try (InputStream out = process.getInputStream()) {
                String text = new String(out.readNBytes(OUTPUT_LIMIT), StandardCharsets.UTF_8);
                if (!process.waitFor(20, TimeUnit.SECONDS)) {
                    process.destroyForcibly();
                    return new Ran(-1, command.get(0) + " does not end");
                }
                return new Ran(process.exitValue(), text);
            }
        } catch (IOException e) {
            return new Ran(-1, e.getMessage());
        }
    }
}
