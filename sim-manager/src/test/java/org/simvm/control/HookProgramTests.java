// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.control;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

@Tag("integration")
@DisplayName("The program that libvirt calls, against the real control socket")
class HookProgramTests {
    private static final Path HOOK =
            Path.of("../libvirt-hook/build/50-sim").toAbsolutePath().normalize();
    private static final String XML = "<domain type='qemu'><name>w</name><metadata>"
            + "<sim:sim xmlns:sim=\"https://simvm.org/xmlns/libvirt/domain/1.0\" "
            + "required=\"yes\"/></metadata></domain>\n";

    @TempDir
    Path folder;

    private record Outcome(int status, String out, String err) {}

    @BeforeEach
    void needsTheProgram() {
        assumeTrue(
                Files.isExecutable(HOOK),
                "skipped: " + HOOK + " is not built (make -C libvirt-hook)");
    }

    private Outcome call(String operation) throws IOException, InterruptedException {
        Path xml = Files.writeString(folder.resolve("domain.xml"), XML);
        Path err = folder.resolve("err");
        Path out = folder.resolve("out");
        ProcessBuilder builder = new ProcessBuilder(HOOK.toString(), "w", operation, "begin", "-");
        builder.environment().put("SIM_RUN_DIR", folder.toString());
        Process process = builder.redirectInput(xml.toFile())
                .redirectError(err.toFile())
                .redirectOutput(out.toFile())
                .start();
        assertTrue(process.waitFor(10, TimeUnit.SECONDS), "the hook does not end");
        return new Outcome(process.exitValue(), Files.readString(out), Files.readString(err));
    }

    private ControlServer answering(HookAnswer answer, AtomicReference<HookCall> seen)
            throws IOException {
        return ControlServer.start(
                folder.resolve("sim-manager.sock"), "root", new ControlHandler() {
                    @Override
                    public HookAnswer hook(HookCall call) {
                        seen.set(call);
                        return answer;
                    }

                    @Override
                    public void request(Request request, Answers answers) {
                        throw new AssertionError("the hook sent a request");
                    }
                });
    }

    @Test
    @DisplayName("hands over operation, name and XML, and lets the domain pass")
    void passes() throws Exception {
        AtomicReference<HookCall> seen = new AtomicReference<>();
        try (ControlServer server = answering(HookAnswer.OK, seen)) {
            assertEquals(new Outcome(0, "", ""), call("prepare"));
        }
        assertEquals(new HookCall("prepare", "begin", "w", XML), seen.get());
    }

    @Test
    @DisplayName("shows the manager's refusal in one line")
    void refuses() throws Exception {
        try (ControlServer server = answering(
                new HookAnswer.Refuse("no monitor 'x'\nsee virt-sim check"),
                new AtomicReference<>())) {
            Outcome outcome = call("start");
            assertEquals(1, outcome.status());
            assertEquals(
                    "SIM refuses to start domain 'w', which requires SIM: no monitor 'x' see "
                            + "virt-sim check\n",
                    outcome.err());
        }
    }

    @Test
    @DisplayName("refuses a required domain when no manager listens")
    void unreachable() throws Exception {
        Outcome outcome = call("prepare");
        assertEquals(1, outcome.status());
        assertTrue(outcome.err().contains("systemctl start sim-manager"), outcome.err());
        assertEquals(outcome.err().length() - 1, outcome.err().indexOf('\n'));
        assertEquals(
                StandardCharsets.UTF_8.encode(outcome.err()).remaining(),
                outcome.err().length());
    }
}
