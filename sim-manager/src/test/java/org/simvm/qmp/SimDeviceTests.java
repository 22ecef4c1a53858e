// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.LinkedBlockingQueue;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.simvm.settings.ViolationKind;

@DisplayName("The region device over QMP")
@Timeout(20)
class SimDeviceTests {
    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir
    Path directory;

    private final Map<String, String> answers = new ConcurrentHashMap<>();
    private final Map<String, JsonNode> seen = new ConcurrentHashMap<>();
    private final BlockingQueue<SimEvent> events = new LinkedBlockingQueue<>();
    private ScriptedQmpServer server;
    private SimDevice device;

    @BeforeEach
    void connect() throws Exception {
        Path socket = directory.resolve("qmp.sock");
        server = new ScriptedQmpServer(socket, (command, arguments) -> {
            seen.put(command, arguments);
            try {
                return JSON.readTree(answers.getOrDefault(command, "{}"));
            } catch (Exception e) {
                throw new IllegalStateException(e);
            }
        });
        device = SimDevice.connect(socket, Duration.ofSeconds(5));
        device.listen(events::add);
    }

    @AfterEach
    void disconnect() throws Exception {
        device.close();
        server.close();
    }

    @Test
    void readsItsStateWithUnsignedAddresses() throws Exception {
        answers.put("query-sim", """
                {"abi": 1, "state": "boot-stop", "gate": "vmfunc", "pid": 4711, "phys-bits": 40,
                "area-base": 70368744177664,
                 "area-size": 1073741824, "armed-boots": 2, "switches": 18446744073709551615, "violations": 3,
                 "doorbells": 4, "ram": [{"gpa": 0, "size": 655360, "fd": 17, "offset": 0},
                 {"gpa": 4294967296, "size": 4096, "fd": 17, "offset": 655360}],
                 "vcpus": [{"index": 0, "view": "normal", "calls": 7, "cr3": 4096, "cr4": 6304, "efer": 3329,
                 "lstar": 0, "idt": 0, "rip": 1}, {"index": 1, "view": "sim", "calls": 8, "cr3": 8192,
                 "cr4": 6304, "efer": 3329, "lstar": 18446744071578845184, "idt": 18446741874686296064,
                 "rip": 18446744071578845184}]}
                """);
        SimStatus status = device.query();
        assertEquals(DeviceState.BOOT_STOP, status.state());
        assertEquals(OptionalLong.of(-1L), status.switches());
        assertEquals(OptionalLong.of(7), status.vcpus().get(0).calls());
        assertEquals(Optional.empty(), status.accelerator());
        assertFalse(status.lastBranchRecord(), "this QEMU does not know of it");
        assertEquals(
                new SimStatus.RamBlock(0x1_0000_0000L, 4096, 17, 655360),
                status.ram().get(1));
        assertEquals(0xffffffff81000000L, status.vcpus().get(1).rip());
        assertTrue(status.vcpus().get(1).inSimView());
        SimEvent.Boot missed = status.missedBoot(42).orElseThrow();
        assertEquals(
                List.of(1L, 0xffffffff81000000L, 8192L),
                List.of((long) missed.cpu(), missed.lstar(), missed.cr3()));
    }

    @Test
    void readsThatAGateCanTellWhichBranchLedToIt() throws Exception {
        for (boolean offered : new boolean[] {false, true}) {
            answers.put("query-sim", """
                    {"abi": 2, "state": "waiting", "gate": "vmfunc", "accelerator": "tcg", "pid": 4711, "phys-bits": 40,
                     "area-base": 70368744177664, "area-size": 1073741824, "armed-boots": 0, "violations": 0,
                     "doorbells": 0, "last-branch-record": %s, "ram": [], "vcpus": []}
                    """.formatted(offered));
            assertEquals(offered, device.query().lastBranchRecord());
        }
    }

    @Test
    void readsItsStateUnderKvmWhereNobodyCountsSwitches() throws Exception {
        answers.put("query-sim", """
                {"abi": 2, "state": "mapped", "gate": "exit", "accelerator": "kvm", "pid": 4711, "phys-bits": 40,
                 "area-base": 70368744177664, "area-size": 1073741824, "armed-boots": 1, "violations": 0,
                 "doorbells": 0, "ram": [], "vcpus": [{"index": 0, "view": "normal", "cr3": 4096, "cr4": 6304,
                 "efer": 3329, "lstar": 0, "idt": 0, "rip": 1}]}
                """);
        SimStatus status = device.query();
        assertEquals("exit", status.gate());
        assertEquals(Optional.of("kvm"), status.accelerator());
        assertEquals(OptionalLong.empty(), status.switches());
        assertEquals(OptionalLong.empty(), status.vcpus().get(0).calls());
    }

    @Test
    void refusesAnAnswerOfAnotherVersion() {
        answers.put(
                "query-sim", "{\"abi\": 1, \"state\": \"levitating\", \"ram\": [], \"vcpus\": []}");
        QmpException e = assertThrows(QmpException.class, device::query);
        assertEquals(
                "QEMU reports the unknown device state 'levitating':"
                        + " manager and QEMU are of different versions",
                e.getMessage());
    }

    @Test
    void sendsWritesAsHexWithUnsignedAddresses() throws Exception {
        device.apply(
                true,
                List.of(new GuestWrite(
                        0xfedL, new byte[] {0x0f, 0x1f, (byte) 0x80}, new byte[] {(byte) 0xe8, 0, 1
                        })));
        assertEquals(
                "{\"map\":true,\"writes\":[{\"gpa\":4077,\"expect\":\"0f1f80\","
                        + "\"data\":\"e80001\"}]}",
                seen.get("sim-apply").toString());
        device.setStop(0xffffffff81234560L);
        assertEquals(
                "{\"address\":18446744071581156704}", seen.get("sim-set-stop").toString());
    }

    @Test
    void sealsBytesOfPages() throws Exception {
        device.seal(List.of(new SealedPage(
                0x3000, List.of(new SealedPage.Range(16, 5), new SealedPage.Range(4095, 1)))));
        assertEquals(
                "{\"pages\":[{\"gpa\":12288,\"protect\":[{\"offset\":16,\"length\":5},"
                        + "{\"offset\":4095,\"length\":1}]}]}",
                seen.get("sim-seal").toString());
    }

    @Test
    void refusesAWriteThatCrossesAPage() {
        assertThrows(
                IllegalArgumentException.class,
                () -> new GuestWrite(0xffd, new byte[5], new byte[5]));
        assertThrows(
                IllegalArgumentException.class, () -> new GuestWrite(0, new byte[5], new byte[4]));
        assertThrows(
                IllegalArgumentException.class, () -> new GuestWrite(0, new byte[0], new byte[0]));
    }

    @Test
    void turnsEventsIntoRecords() throws Exception {
        server.emit(
                "SIM_BOOT",
                object("{\"cpu\": 0, \"lstar\": 18446744071595622528, \"cr3\": 40960,"
                        + " \"cr4\": 4096, \"efer\": 3329}"));
        server.emit("RTC_CHANGE", object("{\"offset\": 3}"));
        server.emit(
                "SIM_STOP",
                object("{\"cpu\": 1, \"address\": 18446744071580000000, \"cr3\": 8192, "
                        + "\"cr4\": 0}"));
        server.emit("SIM_DOORBELL", object("{}"));
        server.emit("SIM_RESET", object("{}"));
        server.close();

        SimEvent.Boot boot = (SimEvent.Boot) events.take();
        assertEquals(0xffffffff82000080L, boot.lstar());
        assertEquals(4096, boot.cr4());
        SimEvent.Stop stop = (SimEvent.Stop) events.take();
        assertEquals(1, stop.cpu());
        assertEquals(SimEvent.Doorbell.class, events.take().getClass());
        assertEquals(SimEvent.Reset.class, events.take().getClass());
        assertEquals(SimEvent.Gone.class, events.take().getClass());
    }

    @Test
    void readsViolationsWithAndWithoutOptionalMembers() throws Exception {
        String probe = "{\"sequence\": 9, \"time-ns\": 1700000000123456789, \"kind\": \"probe\","
                + " \"fail-stop\": false,"
                + " \"cpu\": -1, \"view\": \"normal\", \"access\": \"write\", \"size\": 8,"
                + " \"gpa\": 70368744177664,"
                + " \"rip\": 0, \"cr3\": 0, \"cpl\": 0, \"value\": 18446744073709551615}";
        String exception =
                "{\"sequence\": 10, \"time-ns\": 1700000000123456789, \"kind\": \"exception\","
                        + " \"fail-stop\": true, \"cpu\": 1, \"view\": \"sim\", \"access\": "
                        + "\"execute\","
                        + " \"size\": 0, \"gpa\": 0,"
                        + " \"gva\": 4198348, \"rip\": 4198348, \"cr3\": 39370752, \"cpl\": "
                        + "3, \"vector\": 14,"
                        + " \"bytes\": \"0f01d4\"}";
        answers.put(
                "query-sim-violations",
                "{\"violations\": [" + probe + "," + exception + "], \"lost\": 2}");

        ViolationLog log = device.violationsAfter(8);

        assertEquals("{\"since\":8}", seen.get("query-sim-violations").toString());
        assertEquals(2, log.lost());
        SimViolation first = log.violations().get(0);
        assertEquals("probe", first.kind());
        assertEquals(ViolationKind.PROBE, first.knownKind().orElseThrow());
        assertEquals(Instant.ofEpochSecond(1700000000L, 123456789), first.time());
        assertEquals(OptionalLong.of(-1L), first.value());
        assertEquals(OptionalLong.empty(), first.gva());
        SimViolation second = log.violations().get(1);
        assertEquals(OptionalInt.of(14), second.vector());
        assertEquals("0f01d4", second.bytes().orElseThrow());
        server.emit("SIM_VIOLATION", object(exception));
        assertEquals(second, ((SimEvent.Violation) events.take()).violation());
    }

    private static ObjectNode object(String json) throws Exception {
        return (ObjectNode) JSON.readTree(json);
    }
}
