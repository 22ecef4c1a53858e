// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/** One way out: what goes there, what waits, and who takes it. */
final class Outlet implements Closeable {
    private final String name;
    private final Spool spool;
    private final long firstPause;
    private final AtomicLong delivered = new AtomicLong();
    private final AtomicLong refused = new AtomicLong();
    private volatile Set<String> wanted = Set.of();
    private Object settings;
    private DeliveryWorker worker;

    Outlet(String name, Spool spool, long firstPause) {
        this.name = name;
        this.spool = spool;
        this.firstPause = firstPause;
    }

    String name() {
        return name;
    }

    /** Makes a transport. */
    @FunctionalInterface
    interface Factory {
        Transport make();
    }

    /** Takes new settings; if they are the old ones, the worker goes on undisturbed. */
    synchronized void configure(
            Set<String> send, long maxBytes, Object newSettings, Factory transport) {
        spool.maxBytes(maxBytes);
        wanted = Set.copyOf(send);
        if (!newSettings.equals(settings)) {
            stop();
            settings = newSettings;
            worker = new DeliveryWorker(
                    name, spool, transport.make(), delivered, refused, firstPause);
            worker.start();
        }
    }

    /** Sends nothing any more; what waits stays on disk. */
    synchronized void off() {
        wanted = Set.of();
        settings = null;
        stop();
    }

    private void stop() {
        if (worker != null) {
            worker.end();
            worker = null;
        }
    }

    /** Tells whether notices of this kind, or events of this type, go here. */
    boolean wants(String word) {
        return wanted.contains(word);
    }

    void append(List<byte[]> lines) {
        spool.append(lines);
    }

    /** Returns how it is; for metrics and for people. */
    synchronized OutletStatus status() {
        return new OutletStatus(
                name,
                worker != null,
                worker != null && worker.failing(),
                delivered.get(),
                refused.get(),
                spool.lost(),
                spool.waiting(),
                spool.bytes());
    }

    /** Tells whether the worker, if there is one, is alive. */
    synchronized boolean healthy() {
        return worker == null || worker.alive();
    }

    @Override
    public synchronized void close() throws IOException {
        wanted = Set.of();
        stop();
        spool.close();
    }
}
