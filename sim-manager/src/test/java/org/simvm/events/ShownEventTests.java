// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.time.ZoneOffset;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Events as JSON lines for programs and as text lines for people. */
class ShownEventTests {
    private final EventNames names = new EventNames(null, List.of("syscalls", "process"));

    private String json(RecordBuilder record) {
        return new JsonLines(names).line(record.event());
    }

    private String text(RecordBuilder record) {
        return new TextLine(names, ZoneOffset.UTC).line(record.event());
    }

    private static final String HEAD =
            "{\"time\":\"2023-11-14T22:13:20.123456789Z\",\"sequence\":42,\"type\":\"%s\","
                    + "\"monitor\":"
                    + "\"syscalls\","
                    + "\"hook\":7,\"tsc\":\"18446744073709551615\","
                    + "\"subject\":{\"pid\":231,\"tgid\":231,\"ppid\":1,\"uid\":1000,"
                    + "\"euid\":4294967295,"
                    + "\"gid\":100,\"egid\":101,\"comm\":\"bash\","
                    + "\"task\":\"0xffff888004a1c000\"},";
    private static final String WHO = "22:13:20.123 %-8s bash[231] uid 1000 euid 4294967295  ";

    @Test
    void aSystemCall() {
        RecordBuilder record = RecordBuilder.syscall(0, 257, -100, 0x7ffd1000, 0x80000)
                .put(148, 2)
                .texts("/etc/\"x\"\n")
                .flags(1);
        assertEquals(
                String.format(HEAD, "syscall")
                        + "\"door\":\"64\",\"number\":257,\"name\":\"openat\",\"arguments\":"
                        + "[\"0xffffffffffffff9c\",\"0x7ffd1000\",\"0x80000\",\"0x0\",\"0x0\","
                        + "\"0x0\"],"
                        + "\"texts\":[\"/etc/\\\"x\\\"\\\\n\"],"
                        + "\"textArguments\":[1],\"truncated\":true}",
                json(record));
        assertEquals(
                String.format(WHO, "syscall")
                        + "openat(0xffffffffffffff9c, \"/etc/\\\"x\\\"\\n\", 0x80000)  (cut)",
                text(record));
    }

    @Test
    void aSystemCallWithAnArgumentVector() {
        assertEquals(
                String.format(WHO, "syscall") + "execve(\"/bin/ls\", [\"ls\", \"-l\"], 0x30) [32]",
                text(RecordBuilder.syscall(1, 11, 0x10, 0x20, 0x30)
                        .put(148, 3)
                        .texts("/bin/ls", "ls", "-l")));
    }

    @Test
    void aSystemCallOfWhichATextIsMissing() {
        assertEquals(
                String.format(WHO, "syscall") + "execve(0x10, 0x20) \"/bin/ls\"",
                text(RecordBuilder.syscall(0, 59, 0x10, 0x20).put(148, 3).texts("/bin/ls")));
    }

    @Test
    void aSystemCallWithoutArguments() {
        assertEquals(
                String.format(WHO, "syscall") + "getpid()", text(RecordBuilder.syscall(0, 39)));
    }

    @Test
    void aForkAndAThread() {
        RecordBuilder fork = RecordBuilder.fork(232, "ls");
        assertEquals(
                String.format(HEAD, "fork")
                        + "\"child\":{\"pid\":232,\"tgid\":232,\"ppid\":1,\"uid\":1000,"
                        + "\"euid\":4294967295,\"gid\":100,"
                        + "\"egid\":101,\"comm\":\"ls\",\"task\":\"0xffff888004a1c000\"}}",
                json(fork));
        assertEquals(String.format(WHO, "fork") + "created process 232 (ls)", text(fork));
        assertEquals(
                String.format(WHO, "fork") + "created thread 232 (ls)",
                text(RecordBuilder.fork(232, "ls").put(88 + 12, 231)));
    }

    @Test
    void anExec() {
        RecordBuilder exec = RecordBuilder.exec(3).texts("/bin/ls", "ls", "-l");
        assertEquals(
                String.format(HEAD, "exec")
                        + "\"path\":\"/bin/ls\",\"argv\":[\"ls\",\"-l\"],\"argc\":3}",
                json(exec));
        assertEquals(
                String.format(WHO, "exec") + "\"/bin/ls\" [\"ls\", \"-l\", and 1 more]",
                text(exec));
    }

    @Test
    void anExit() {
        assertEquals(
                String.format(HEAD, "exit") + "\"code\":768,\"status\":3,\"signal\":0}",
                json(RecordBuilder.exit(768)));
        assertEquals(String.format(WHO, "exit") + "exit status 3", text(RecordBuilder.exit(768)));
        assertEquals(
                String.format(WHO, "exit") + "killed by signal 9  (partly unreadable)",
                text(RecordBuilder.exit(9).flags(2)));
    }

    @Test
    void aModule() {
        RecordBuilder module = RecordBuilder.module().texts("virtio_net");
        assertEquals(String.format(HEAD, "module") + "\"module\":\"virtio_net\"}", json(module));
        assertEquals(String.format(WHO, "module") + "loads module \"virtio_net\"", text(module));
    }

    @Test
    void whatOnlyAThirdPartyUnderstands() {
        assertEquals(
                String.format(HEAD, "event-17") + "\"payload\":\"0001020304050607\"}",
                json(RecordBuilder.other(17, 8)));
        assertEquals(
                String.format(WHO, "event-17") + "syscalls: 8 bytes",
                text(RecordBuilder.other(17, 8)));
        assertEquals(
                String.format(HEAD, "event-4")
                        + "\"payload\":\"\",\"fault\":\"a record of only 88 bytes\"}",
                json(RecordBuilder.other(4, 0)));
    }

    @Test
    void theDomainIfSeveralAreShown() {
        EventNames named = new EventNames("debian", List.of());
        assertEquals(
                "22:13:20.123 debian exit     bash[231] uid 1000 euid 4294967295  exit status 0",
                new TextLine(named, ZoneOffset.UTC).line(RecordBuilder.exit(0).event()));
    }
}
