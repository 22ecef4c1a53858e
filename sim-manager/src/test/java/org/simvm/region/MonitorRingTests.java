// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.region;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.junit.jupiter.api.Assumptions;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The monitors' own ring code, as two processes of the host, against the reader: one file, two
 * languages, one protocol.
 */
@Tag("integration")
class MonitorRingTests {
    private static final int EVENTS = 50_000;
    private static final String SOURCE = """
            #include <fcntl.h>
            #include <stdlib.h>
            #include <sys/mman.h>
            #include <sys/wait.h>
            #include <unistd.h>
            #include "sim_event.h"
            #include "sdk.h"
            SIM_SLOT(sim_slot_config, "config");
            static struct sim_config config;
            void sim_ring_doorbell(uint16_t port) { (void)!write(1, "!", 1); }
            uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task,
                    struct sim_subject *subject) { return 0; }
            static void emit(int producer, int events) {
                const struct sim_call call = { 0 };
                const struct sim_hook hook = { .id = producer };
                struct sim_event_syscall *event;
                struct sim_texts texts;
                for (int i = 0; i < events; i++) {
                    uint32_t length = (unsigned)(i * 7919 + producer) % 300;
                    texts.count = 1; texts.flags = 0; texts.size = 2 + length;
                    texts.bytes[0] = length; texts.bytes[1] = length >> 8;
                    memset(texts.bytes + 2, i % 251 + 1, length);
                    event = sim_event_reserve(&call, &hook, 0, SIM_EVENT_SYSCALL,
                            sizeof(*event), &texts);
                    if (event) {
                        event->number = i;
                        event->text_count = 1;
                        sim_event_commit(event, sizeof(*event), &texts);
                    }
                    if (i % 512 == 0) usleep(200);
                }
            }
            int main(int argc, char **argv) {
                int file = open(argv[1], O_RDWR);
                config.ring_capacity = strtoull(argv[3], 0, 0);
                config.doorbell_port = 1;
                config.ring = (uint64_t)mmap(0, 4096 + config.ring_capacity, PROT_READ | PROT_WRITE,
                        MAP_SHARED, file, strtoull(argv[2], 0, 0));
                *(volatile uint64_t *)(uintptr_t)&sim_slot_config = (uint64_t)&config;
                struct sim_ring *ring = (struct sim_ring *)config.ring;
                while (!__atomic_load_n(&ring->reader_sleeps, __ATOMIC_SEQ_CST)) usleep(1000);
                for (int i = 0; i < 2; i++)
                    if (!fork()) { emit(i, atoi(argv[4])); _exit(0); }
                int status, bad = 0;
                while (wait(&status) > 0) bad |= status;
                return bad != 0;
            }
            """;

    @Test
    @Timeout(120)
    void everyEventArrivesWholeOrIsCounted(@TempDir Path folder) throws Exception {
        Path sdk = CCompiler.headers().resolveSibling("sdk");
        Assumptions.assumeTrue(
                Files.exists(sdk.resolve("ring.c")), "skipped: no " + sdk.resolve("ring.c"));
        Path program = CCompiler.compile(
                folder,
                "producers",
                SOURCE,
                "-O2",
                "-w",
                "-D_GNU_SOURCE",
                "-DSIM_HOST_TEST",
                "-fno-builtin",
                "-I" + sdk,
                sdk.resolve("ring.c").toString());
        try (RegionFile file =
                RegionFile.create(folder.resolve("region"), null, ExamplePrograms.plan(1 << 20))) {
            RegionSegment ring = file.layout().segment(RegionSegment.Role.RING);
            RingReader reader = file.ring();
            Process producers = new ProcessBuilder(
                            program.toString(),
                            folder.resolve("region").toString(),
                            Long.toString(ring.offset()),
                            Long.toString(ring.size() - 4096),
                            Integer.toString(EVENTS))
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            AtomicLong doorbells = new AtomicLong();
            Thread bell = new Thread(() -> listen(producers.getInputStream(), reader, doorbells));
            bell.start();
            int received = readAll(reader, producers);
            assertTrue(producers.waitFor(10, TimeUnit.SECONDS));
            assertEquals(0, producers.exitValue());
            bell.join();
            received += reader.drain(MonitorRingTests::check, Integer.MAX_VALUE);

            RingStatistics statistics = reader.statistics();
            assertEquals(2 * EVENTS, statistics.nextSequence());
            assertEquals(received, statistics.received());
            assertEquals(2 * EVENTS, received + statistics.droppedInAll());
            assertEquals(0, statistics.waitingBytes());
            assertTrue(doorbells.get() > 0, "the reader slept, so it must have been rung for");
        }
    }

    private static void listen(InputStream bell, RingReader reader, AtomicLong doorbells) {
        try (bell) {
            while (bell.read() >= 0) {
                doorbells.incrementAndGet();
                reader.wake();
            }
        } catch (IOException error) {
            throw new IllegalStateException(error);
        }
    }

    private static int readAll(RingReader reader, Process producers) throws Exception {
        int received = 0;
        while (producers.isAlive()) {
            // Long enough that only the doorbell explains a quick end.
            reader.await(500);
            int count;
            while ((count = reader.drain(MonitorRingTests::check, 1000)) > 0) {
                received += count;
            }
        }
        return received;
    }

    private static void check(ByteBuffer record) {
        int number = record.getInt(SimAbi.Payload.SYSCALL_NUMBER);
        int length = record.getShort(SimAbi.Payload.SYSCALL_SIZE);
        assertEquals(
                Integer.remainderUnsigned(
                        number * 7919 + record.getInt(SimAbi.Event.HOOK_OFFSET), 300),
                length);
        for (int i = 0; i < length; i++) {
            assertEquals(
                    (byte) (number % 251 + 1), record.get(SimAbi.Payload.SYSCALL_SIZE + 2 + i));
        }
    }
}
