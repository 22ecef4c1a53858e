// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import io.prometheus.metrics.exporter.httpserver.HTTPServer;
import io.prometheus.metrics.instrumentation.jvm.JvmMemoryMetrics;
import io.prometheus.metrics.instrumentation.jvm.JvmThreadsMetrics;
import io.prometheus.metrics.instrumentation.jvm.ProcessMetrics;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.util.Optional;
import java.util.OptionalInt;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Serves metrics at {@code /metrics}, where settings say, or nowhere. */
public final class MetricsServer implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(MetricsServer.class);

    private final PrometheusRegistry registry = new PrometheusRegistry();
    private Optional<InetSocketAddress> address = Optional.empty();
    private HTTPServer server;

    /** Makes one that serves nothing yet. */
    public MetricsServer(ManagerFigures.Source source, CheckDurations durations) {
        registry.register(new ManagerCollector(source));
        registry.register(durations.histogram());
        ProcessMetrics.builder().register(registry);
        JvmMemoryMetrics.builder().register(registry);
        JvmThreadsMetrics.builder().register(registry);
    }

    /**
     * Serves at an address, or nowhere, from now on. An address that can't be had is said in the
     * log, and nothing else suffers.
     */
    public synchronized void serve(Optional<InetSocketAddress> wanted) {
        if (wanted.equals(address)) {
            return;
        }
        close();
        if (wanted.isPresent()) {
            InetSocketAddress where = wanted.get();
            try {
                server = HTTPServer.builder()
                        .inetAddress(where.getAddress())
                        .port(where.getPort())
                        .registry(registry)
                        .buildAndStart();
                address = wanted;
                log.info("metrics at http:/{}/metrics", where);
            } catch (IOException e) {
                log.error(
                        "no metrics: {}:{} can't be had ({}); set metrics.address and "
                                + "metrics.port, then 'virt-sim reload'",
                        where.getAddress().getHostAddress(),
                        where.getPort(),
                        e.getMessage());
            }
        }
    }

    /** Returns the port at which it serves. */
    public synchronized OptionalInt port() {
        return server == null ? OptionalInt.empty() : OptionalInt.of(server.getPort());
    }

    /** Serves nothing any more. */
    @Override
    public synchronized void close() {
        if (server != null) {
            server.close();
        }
        server = null;
        address = Optional.empty();
    }
}
