// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.events;

import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** Makes records as a monitor would, byte by byte from sim_abi.h. */
final class RecordBuilder {
    private final ByteBuffer bytes = ByteBuffer.allocate(65536).order(ByteOrder.LITTLE_ENDIAN);
    private int end;

    private RecordBuilder(int type, int size) {
        bytes.putShort(4, (short) type);
        end = size;
        bytes.putLong(8, 42).putLong(16, -1).putInt(24, 0).putInt(28, 7);
        subject(32, 231, "bash");
    }

    static RecordBuilder syscall(int door, int number, long... arguments) {
        RecordBuilder record = new RecordBuilder(1, 152);
        record.bytes.putInt(88, door).putInt(92, number);
        for (int i = 0; i < arguments.length; i++) {
            record.bytes.putLong(96 + 8 * i, arguments[i]);
        }
        return record;
    }

    static RecordBuilder fork(int child, String comm) {
        RecordBuilder record = new RecordBuilder(2, 152);
        record.subject(88, child, comm);
        return record;
    }

    static RecordBuilder exec(int argc) {
        RecordBuilder record = new RecordBuilder(3, 96);
        record.bytes.putInt(92, argc);
        return record;
    }

    static RecordBuilder exit(int code) {
        RecordBuilder record = new RecordBuilder(4, 96);
        record.bytes.putInt(88, code);
        return record;
    }

    static RecordBuilder module() {
        return new RecordBuilder(5, 96);
    }

    static RecordBuilder other(int type, int payload) {
        RecordBuilder record = new RecordBuilder(type, 88 + payload);
        for (int i = 0; i < payload; i++) {
            record.bytes.put(88 + i, (byte) i);
        }
        return record;
    }

    private void subject(int at, int pid, String comm) {
        bytes.putLong(at, 0xffff888004a1c000L)
                .putInt(at + 8, pid)
                .putInt(at + 12, pid)
                .putInt(at + 16, 1)
                .putInt(at + 20, 1000)
                .putInt(at + 24, -1)
                .putInt(at + 28, 100)
                .putInt(at + 32, 101);
        byte[] name = comm.getBytes(StandardCharsets.UTF_8);
        bytes.put(at + 40, name, 0, Math.min(16, name.length));
    }

    RecordBuilder flags(int flags) {
        bytes.putShort(6, (short) flags);
        return this;
    }

    RecordBuilder put(int at, int value) {
        bytes.putInt(at, value);
        return this;
    }

    /** Adds texts and counts them at the offset where this type counts them. */
    RecordBuilder texts(String... texts) {
        int count = bytes.getShort(4) == 1 ? 144 : 88;
        for (String text : texts) {
            byte[] content = text.getBytes(StandardCharsets.ISO_8859_1);
            bytes.putShort(end, (short) content.length);
            bytes.put(end + 2, content);
            end += 2 + content.length;
        }
        bytes.putInt(count, bytes.getInt(count) + texts.length);
        return this;
    }

    ByteBuffer record() {
        int size = (end + 7) / 8 * 8;
        bytes.putInt(0, size);
        return ByteBuffer.wrap(Arrays.copyOf(bytes.array(), size)).order(ByteOrder.LITTLE_ENDIAN);
    }

    Event event() {
        return EventDecoder.decode(record(), 1_700_000_000_123_456_789L);
    }
}
