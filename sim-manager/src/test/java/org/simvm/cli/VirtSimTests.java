// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import static org.junit.jupiter.api.Assertions.assertAll;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.control.Answers;
import org.simvm.control.ControlException;
import org.simvm.control.ControlHandler;
import org.simvm.control.ControlServer;
import org.simvm.control.HookAnswer;
import org.simvm.control.HookCall;
import org.simvm.control.Request;

@DisplayName("virt-sim")
@Timeout(120)
class VirtSimTests {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path folder;

    private Path socket;
    private ControlServer server;
    private final List<ObjectNode> asked = new ArrayList<>();
    private List<String> answers = List.of();
    private List<List<String>> next = List.of();

    private record Outcome(int status, String out, String err) {}

    @BeforeEach
    void start() throws IOException {
        socket = folder.resolve("sim-manager.sock");
        server = ControlServer.start(socket, "root", new ControlHandler() {
            @Override
            public HookAnswer hook(HookCall call) {
                throw new AssertionError("the CLI spoke as the hook");
            }

            @Override
            public void request(Request request, Answers to) throws ControlException, IOException {
                asked.add(request.arguments());
                for (String answer : answers) {
                    to.send((ObjectNode) JSON.readTree(answer));
                }
                if (!next.isEmpty()) {
                    answers = next.get(0);
                    next = next.subList(1, next.size());
                }
                if (answers.isEmpty()) {
                    throw new ControlException("there is no domain 'x'\u001b[31m");
                }
            }
        });
    }

    @AfterEach
    void stop() {
        server.close();
    }

    private Outcome run(String... arguments) {
        PrintStream out = System.out;
        PrintStream err = System.err;
        ByteArrayOutputStream outBytes = new ByteArrayOutputStream();
        ByteArrayOutputStream errBytes = new ByteArrayOutputStream();
        try {
            System.setOut(new PrintStream(outBytes, true, StandardCharsets.UTF_8));
            System.setErr(new PrintStream(errBytes, true, StandardCharsets.UTF_8));
            int status = VirtSim.execute(arguments);
            return new Outcome(
                    status,
                    outBytes.toString(StandardCharsets.UTF_8),
                    errBytes.toString(StandardCharsets.UTF_8));
        } finally {
            System.setOut(out);
            System.setErr(err);
        }
    }

    private Outcome ask(String verb, String... rest) {
        List<String> arguments = new ArrayList<>(List.of(verb, "--socket", socket.toString()));
        arguments.addAll(List.of(rest));
        return run(arguments.toArray(String[]::new));
    }

    @Nested
    @DisplayName("exit status")
    class Status {
        @Test
        @DisplayName("is 2 and one line for wrong usage")
        void usage() {
            for (String[] wrong : new String[][] {
                {},
                {"nonsense"},
                {"info"},
                {"events", "a", "b"},
                {"status", "a", "--wait", "x"},
                {"apply", "a", "--file", "f", "--required"}
            }) {
                Outcome outcome = run(wrong);
                assertAll(
                        String.join(" ", wrong),
                        () -> assertEquals(2, outcome.status()),
                        () -> assertEquals("", outcome.out()),
                        () -> assertTrue(
                                outcome.err().startsWith("virt-sim: ")
                                        && outcome.err().lines().count() == 1,
                                outcome.err()));
            }
        }

        @Test
        @DisplayName("is 1 and one line without control characters when the manager can't do it")
        void failure() {
            assertEquals(
                    new Outcome(
                            1,
                            "",
                            "virt-sim: there is no domain 'x' [31m" + System.lineSeparator()),
                    ask("status", "x"));
        }

        @Test
        @DisplayName("is 1 with the next step when no manager runs")
        void noManager() {
            server.close();
            Outcome outcome = ask("list");
            assertEquals(1, outcome.status());
            assertTrue(outcome.err().contains("systemctl start sim-manager"), outcome.err());
        }

        @Test
        @DisplayName("of check is 0 when all is well and 3 when something was found")
        void check() {
            answers = List.of("{\"results\":[{\"check\":\"hooks\",\"ms\":1.5,\"bytes\":4096,"
                    + "\"findings\":[]}]}");
            assertEquals(0, ask("check", "web").status());
            answers = List.of("{\"results\":[{\"check\":\"hooks\",\"ms\":1.5,\"bytes\":4096,"
                    + "\"findings\":[{\"text\":\"hooks: do_exit\\nfoo\"}]}]}");
            Outcome outcome = ask("check", "web");
            assertEquals(3, outcome.status());
            assertTrue(
                    outcome.out().contains("VIOLATION")
                            && outcome.out().contains("  hooks: do_exit foo"),
                    outcome.out());
            assertEquals(3, ask("check", "web", "-o", "json").status());
        }

        @Test
        @DisplayName("of status --wait is 1 if the guest is not armed in time")
        void waiting() {
            answers = List.of("{\"name\":\"web\",\"state\":\"failed\"}");
            assertEquals(1, ask("status", "web", "--wait", "0.1").status());
            answers = List.of("{\"name\":\"web\",\"state\":\"armed\"}");
            assertEquals(0, ask("status", "web", "--wait", "0.1").status());
            assertEquals(100, asked.get(0).path("milliseconds").asInt());
        }
    }

    @Nested
    @DisplayName("shows")
    class Shows {
        @Test
        @DisplayName("domains in a table, those without SIM only if asked")
        void list() {
            answers = List.of(
                    "{\"name\":\"web\",\"id\":3,\"state\":\"armed\",\"required\":true,"
                            + "\"monitors\":[\"syscalls\",\"process\"]}",
                    "{\"name\":\"pla\\u001b[1min\",\"state\":\"none\"}");
            List<String> lines = ask("list").out().lines().toList();
            assertEquals(3, lines.size());
            assertEquals(
                    "3 web armed yes syscalls,process", lines.get(2).strip().replaceAll(" +", " "));
            Outcome all = ask("list", "--all");
            assertEquals(4, all.out().lines().count());
            assertFalse(all.out().contains("\u001b"), "a control character reached the terminal");
        }

        @Test
        @DisplayName("one JSON object a line to programs")
        void json() throws IOException {
            answers = List.of(
                    "{\"name\":\"web\",\"state\":\"armed\"}",
                    "{\"name\":\"db\",\"state\":\"failed\"}");
            List<String> lines = ask("list", "-o", "json").out().lines().toList();
            assertEquals("db", JSON.readTree(lines.get(1)).path("name").asText());
        }

        @Test
        @DisplayName("events as the manager formatted them, and passes filters on")
        void events() {
            answers = List.of(
                    "{\"lines\":[\"one\",\"two\"]}", "{\"lines\":[]}", "{\"lines\":[\"three\"]}");
            assertEquals(
                    List.of("one", "two", "three"),
                    ask("events", "web", "-f", "-n", "3", "-t", "exec,fork", "-o", "json")
                            .out()
                            .lines()
                            .toList());
            ObjectNode request = asked.get(0);
            assertAll(
                    () -> assertTrue(request.path("follow").asBoolean()),
                    () -> assertEquals(3, request.path("limit").asInt()),
                    () -> assertEquals(
                            "[\"exec\",\"fork\"]", request.path("types").toString()),
                    () -> assertEquals("json", request.path("output").asText()));
        }
    }

    @Nested
    @DisplayName("changes")
    class Changes {
        @Test
        @DisplayName("the persistent copy unless told otherwise, with an element made of options")
        void apply() {
            answers = List.of("{\"name\":\"web\",\"takesEffect\":\"start\"}");
            assertEquals(
                    "Domain 'web' is under SIM when it is started",
                    ask("apply", "web", "--required", "--monitor", "a&b").out().strip());
            assertEquals(
                    "<sim required='yes'><monitor name='a&amp;b'/></sim>",
                    asked.get(0).path("element").asText());
            assertTrue(asked.get(0).path("persistent").asBoolean()
                    && !asked.get(0).path("live").asBoolean());
            ask("apply", "web", "--live");
            assertEquals(
                    "<sim required='no'><monitor name='syscalls'/><monitor name='process'/></sim>",
                    asked.get(1).path("element").asText());
            assertTrue(!asked.get(1).path("persistent").asBoolean()
                    && asked.get(1).path("live").asBoolean());
        }
    }

    @Nested
    @DisplayName("suspends checks")
    class Maintenance {
        @Test
        @DisplayName("for a time in seconds, minutes, hours or days, with a reason")
        void suspend() {
            answers = List.of("{\"until\":\"2030-01-01T00:00:00Z\"}");
            for (String time : List.of("90s", "45m", "2h", "1d")) {
                Outcome outcome =
                        ask("suspend-checks", "web", "--for", time, "--reason", "kernel update");
                assertEquals(
                        "Scheduled checks of domain 'web' are suspended until 2030-01-01T00:00:00Z",
                        outcome.out().strip());
            }
            assertEquals(
                    List.of(90, 2700, 7200, 86400),
                    asked.stream().map(each -> each.path("seconds").asInt()).toList());
            assertEquals("kernel update", asked.get(0).path("reason").asText());
        }

        @Test
        @DisplayName("only if the time is one, and is given")
        void noTime() {
            assertEquals(2, ask("suspend-checks", "web").status());
            Outcome outcome = ask("suspend-checks", "web", "--for", "soon");
            assertEquals(2, outcome.status());
            assertTrue(outcome.err().contains("'soon' is no length of time"), outcome.err());
            assertEquals(List.of(), asked);
        }

        @Test
        @DisplayName("until they are resumed, and tells if there was nothing to resume")
        void resume() {
            answers = List.of("{\"resumed\":true}");
            assertEquals(
                    "Scheduled checks of domain 'web' run again",
                    ask("resume-checks", "web").out().strip());
            answers = List.of("{\"resumed\":false}");
            assertEquals(
                    "Scheduled checks of domain 'web' were not suspended",
                    ask("resume-checks", "web").out().strip());
        }
    }

    @Nested
    @DisplayName("top")
    class Top {
        private String domain(String name, long nanos, long calls, String more) {
            return "{\"name\":\"" + name + "\",\"uuid\":\"" + name
                    + "\",\"state\":\"armed\",\"gate\":\"vmfunc\",\"nanos\":" + nanos
                    + ",\"calls\":" + calls + ",\"events\":" + calls / 2
                    + ",\"dropped\":0,\"findings\":0,\"violations\":0" + more + "}";
        }

        /** Answers one thing after the other. */
        private void then(List<String> first, List<String> later) {
            answers = first;
            next = List.of(later);
        }

        @Test
        @DisplayName("shows calls and events a second once when it is not on a terminal, the "
                + "busiest domain first")
        void once() {
            then(
                    List.of(domain("quiet", 0, 10, ""), domain("busy", 0, 1000, "")),
                    List.of(
                            domain("quiet", 2_000_000_000L, 30, ""),
                            domain(
                                    "busy",
                                    2_000_000_000L,
                                    3000,
                                    ",\"lastCheck\":{\"started\":\"" + Instant.now()
                                            + "\",\"findings\":2}")));
            List<String> lines = ask("top", "-d", "0.1")
                    .out()
                    .lines()
                    .map(line -> line.strip().replaceAll(" +", " "))
                    .toList();
            assertEquals(4, lines.size());
            assertTrue(
                    lines.get(2).matches("busy armed vmfunc 1000 500 0 0 [0-9] s ago, 2 found 0 0"),
                    lines.get(2));
            assertEquals("quiet armed vmfunc 10 5 0 0 - 0 0", lines.get(3));
        }

        @Test
        @DisplayName("takes a counter that is lower than before as one that began anew")
        void reset() throws IOException {
            then(
                    List.of(domain("web", 0, 5000, "")),
                    List.of(domain("web", 1_000_000_000L, 40, "")));
            ObjectNode shown = (ObjectNode)
                    JSON.readTree(ask("top", "-d", "0.1", "-o", "json").out().strip());
            assertEquals(40.0, shown.path("callsPerSecond").asDouble());
            assertEquals("armed", shown.path("state").asText());
        }

        @Test
        @DisplayName("takes no interval that makes no sense")
        void interval() {
            answers = List.of(domain("web", 0, 0, ""));
            assertEquals(2, ask("top", "-d", "0").status());
            assertEquals(2, ask("top", "-d", "NaN").status());
        }
    }

    @Test
    @DisplayName("audit shows who changed what in a line each, without control characters")
    void audit() {
        answers = List.of("{\"time\":\"2030-01-01T00:00:00Z\",\"user\":\"ann\","
                + "\"verb\":\"suspend-checks\",\"domain\":\"web\","
                + "\"outcome\":\"done\",\"arguments\":{\"seconds\":\"60\","
                + "\"reason\":\"up\\u001b[1mdate\"}}");
        assertEquals(
                "2030-01-01T00:00:00Z  ann  suspend-checks web seconds=60 reason=up [1mdate: done",
                ask("audit", "-n", "5").out().strip());
        assertEquals(5, asked.get(0).path("limit").asInt());
        assertTrue(ask("audit", "-o", "json").out().contains("\"verb\":\"suspend-checks\""));
    }

    @Nested
    @DisplayName("without a manager")
    class Offline {
        @Test
        @DisplayName("validates XML and tells every mistake with line and column")
        void validate() throws IOException {
            Path good = Files.writeString(
                    folder.resolve("good.xml"), "<sim><monitor name='process'/></sim>");
            assertEquals(
                    new Outcome(0, good + " is valid" + System.lineSeparator(), ""),
                    run("validate", good.toString()));
            Path bad = Files.writeString(
                    folder.resolve("bad.xml"),
                    "<sim required='perhaps'>\n <region size='0'/>\n</sim>");
            Outcome outcome = run("validate", bad.toString());
            assertEquals(1, outcome.status());
            assertTrue(
                    outcome.err().contains("bad.xml:1:") && outcome.err().contains("bad.xml:2:"),
                    outcome.err());
            assertEquals(
                    1, run("validate", folder.resolve("none.xml").toString()).status());
        }

        @Test
        @DisplayName("transforms a domain's XML and leaves all else as it was")
        void transform() throws IOException {
            String xml = "<domain type='qemu'>\n  <name>t</name> <!-- kept -->\n  "
                    + "<metadata><sim:sim xmlns:sim="
                    + "'https://simvm.org/xmlns/libvirt/domain/1.0'/></metadata>\n  "
                    + "<memory unit='MiB'>128</memory>\n"
                    + "  <os><type arch='x86_64'>hvm</type></os>\n  <devices>\n    "
                    + "<emulator>/usr/bin/qemu-system-x86_64</emulator>\n"
                    + "  </devices>\n</domain>\n";
            Path file = Files.writeString(folder.resolve("t.xml"), xml);
            Outcome outcome = run("transform", file.toString());
            assertEquals(
                    new Outcome(
                            0,
                            xml.replace(
                                    "/usr/bin/qemu-system-x86_64",
                                    "/usr/bin/qemu-system-x86_64-sim"),
                            ""),
                    outcome);
        }

        @Test
        @DisplayName("puts an element into a domain that has none, once, and leaves one that has "
                + "its own")
        void elementOfPlatform() throws IOException {
            String sim = "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0' "
                    + "required='yes'><sim:monitor name='process'/></sim:sim>";
            String own = "<sim:sim xmlns:sim='https://simvm.org/xmlns/libvirt/domain/1.0'/>";
            Path element = Files.writeString(
                    folder.resolve("element.xml"), "<!-- ours -->\n" + sim + "\n");
            for (String metadata : List.of(
                    "",
                    "<metadata/>",
                    "<metadata><x:y xmlns:x='urn:x'/></metadata>",
                    "<metadata>" + own + "</metadata>")) {
                String xml = "<domain type='kvm'><name>t</name>" + metadata
                        + "<os><type "
                        + "arch='x86_64'>hvm</type></os><devices><emulator>/usr/bin/kvm</emulator>"
                        + "</devices></domain>";
                Path file = Files.writeString(folder.resolve("t.xml"), xml);
                Outcome once = run("transform", "--element", element.toString(), file.toString());
                assertEquals(0, once.status(), once.err());
                assertTrue(
                        once.out().contains(metadata.contains(own) ? own : sim)
                                && once.out().contains("qemu-system-x86_64-sim"),
                        once.out());
                assertEquals(
                        metadata.contains("x:y"), once.out().contains("<x:y xmlns:x='urn:x'/>"));
                Files.writeString(file, once.out());
                assertEquals(
                        once.out(),
                        run("transform", "--element", element.toString(), file.toString())
                                .out());
            }
            Files.writeString(element, "<sim required='yes'/>");
            Outcome wrong = run(
                    "transform",
                    "--element",
                    element.toString(),
                    folder.resolve("t.xml").toString());
            assertEquals(1, wrong.status());
            assertTrue(wrong.err().contains("the element has no namespace"), wrong.err());
        }

        @Test
        @DisplayName("writes a bash completion that knows the verbs")
        void completion() {
            Outcome outcome = run("generate-completion");
            assertEquals(0, outcome.status());
            assertTrue(outcome.out().contains("host-validate")
                    && outcome.out().contains("violations"));
        }
    }
}
