// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;

/** Bytes of a record become an event. */
class EventDecoderTests {
    private static GuestText text(String text) {
        return GuestText.of(text.getBytes(StandardCharsets.ISO_8859_1));
    }

    @Nested
    class Known {
        @Test
        void everyEventTellsWhoAndWhen() {
            EventHead head = RecordBuilder.exit(0).flags(3).event().head();
            assertEquals(
                    new EventHead(
                            1_700_000_000_123_456_789L,
                            42,
                            -1,
                            0,
                            7,
                            true,
                            true,
                            new Subject(
                                    0xffff888004a1c000L,
                                    231,
                                    231,
                                    1,
                                    1000,
                                    4294967295L,
                                    100,
                                    101,
                                    text("bash"))),
                    head);
        }

        @Test
        void aSystemCall() {
            SyscallEvent event = (SyscallEvent)
                    RecordBuilder.syscall(0, 257, 0xffffffffffffff9cL, 0x7ffd1000, 0x80000)
                            .put(148, 0b10)
                            .texts("/etc/shadow")
                            .event();
            assertEquals(SyscallEvent.Door.SYSCALL_64, event.door());
            assertEquals("openat", event.name());
            assertEquals(List.of(-100L, 0x7ffd1000L, 0x80000L, 0L, 0L, 0L), event.arguments());
            assertEquals(List.of(text("/etc/shadow")), event.texts());
            assertEquals(0b10, event.textArguments());
        }

        @Test
        void aSystemCallOfEachDoor() {
            assertEquals("execve", ((SyscallEvent) RecordBuilder.syscall(1, 11).event()).name());
            assertEquals("execve", ((SyscallEvent) RecordBuilder.syscall(2, 520).event()).name());
            assertEquals(
                    "syscall_4294967295",
                    ((SyscallEvent) RecordBuilder.syscall(0, -1).event()).name());
        }

        @Test
        void aFork() {
            ForkEvent event =
                    (ForkEvent) RecordBuilder.fork(232, "a name of 16 byt").event();
            assertEquals(232, event.child().pid());
            assertEquals(text("a name of 16 byt"), event.child().comm());
        }

        @Test
        void anExec() {
            ExecEvent event =
                    (ExecEvent) RecordBuilder.exec(3).texts("/bin/ls", "ls", "").event();
            assertEquals(text("/bin/ls"), event.path());
            assertEquals(List.of(text("ls"), GuestText.EMPTY), event.arguments());
            assertEquals(3, event.argumentCount());
        }

        @Test
        void anExecWhosePathCouldNotBeRead() {
            ExecEvent event = (ExecEvent) RecordBuilder.exec(1).flags(2).event();
            assertEquals(GuestText.EMPTY, event.path());
            assertTrue(event.head().unreadable());
        }

        @Test
        void anExit() {
            ExitEvent event = (ExitEvent) RecordBuilder.exit(3 << 8).event();
            assertEquals(3, event.status());
            assertEquals(0, event.signal());
            assertEquals(9, ((ExitEvent) RecordBuilder.exit(9 | 0x80).event()).signal());
        }

        @Test
        void aModule() {
            ModuleEvent event =
                    (ModuleEvent) RecordBuilder.module().texts("virtio_net").event();
            assertEquals(text("virtio_net"), event.module());
            assertEquals(231, event.head().subject().pid());
        }

        @Test
        void aModuleWhoseNameIsMissing() {
            ModuleEvent event = (ModuleEvent) RecordBuilder.module().event();
            assertEquals(GuestText.EMPTY, event.module());
        }
    }

    @Nested
    class Others {
        @Test
        void aThirdPartysEventKeepsItsPayload() {
            MonitorEvent event = (MonitorEvent) RecordBuilder.other(17, 16).event();
            assertEquals(17, event.type().number());
            assertEquals(16, event.payload().length());
            assertNull(event.fault());
        }

        private String fault(RecordBuilder record) {
            return assertInstanceOf(MonitorEvent.class, record.event()).fault();
        }

        @Test
        void aKnownTypeThatIsTooShortSaysSo() {
            assertEquals("a record of only 96 bytes", fault(RecordBuilder.other(1, 8)));
        }

        @Test
        void aDoorThatThereIsNot() {
            assertEquals("door 3", fault(RecordBuilder.syscall(3, 1)));
        }

        @Test
        void moreTextsThanThereIsRoomFor() {
            assertEquals(
                    "a count of 4294967295 texts",
                    fault(RecordBuilder.syscall(0, 59).put(144, -1)));
            assertEquals(
                    "a count of 1000000000 texts",
                    fault(RecordBuilder.exec(1).put(88, 1_000_000_000)));
            assertEquals(
                    "text 4 reaches beyond the record",
                    fault(RecordBuilder.exec(1).texts("/bin/ls").put(88, 8)));
        }

        @Test
        void aTextThatReachesBeyondTheRecord() {
            ByteBuffer record =
                    RecordBuilder.exec(1).texts("/bin/ls").record().order(ByteOrder.LITTLE_ENDIAN);
            record.putShort(96, (short) 65535);
            assertEquals(
                    "text 0 reaches beyond the record",
                    ((MonitorEvent) EventDecoder.decode(record, 0)).fault());
        }
    }
}
