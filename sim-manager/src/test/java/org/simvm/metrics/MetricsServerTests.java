// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.metrics;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.UUID;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.simvm.domain.DomainState;
import org.simvm.integrity.CheckReport;
import org.simvm.integrity.Finding;
import org.simvm.integrity.FindingCode;
import org.simvm.outlets.OutletStatus;
import org.simvm.region.RingStatistics;
import org.simvm.settings.FindingClass;
import org.simvm.settings.IntegrityCheck;

@DisplayName("Metrics")
@Timeout(180)
class MetricsServerTests {
    private static final UUID WEB = UUID.fromString("01234567-89ab-cdef-0123-456789abcdef");
    private static final String LABELS = "domain=\"web\",uuid=\"" + WEB + "\"";

    private final CheckTally tally = new CheckTally();
    private List<DomainFigures> domains = new ArrayList<>(List.of(domain("web")));
    private final CheckDurations durations = new CheckDurations();
    private final MetricsServer server = new MetricsServer(
            () -> new ManagerFigures(
                    "1.2",
                    true,
                    domains,
                    List.of(new OutletStatus("webhook", true, true, 7, 1, 2, 3, 400))),
            durations);

    private DomainFigures domain(String name) {
        List<Long> dropped = new ArrayList<>(Collections.nCopies(32, 0L));
        dropped.set(1, 4L);
        return new DomainFigures(
                name,
                WEB,
                DomainState.ARMED,
                Optional.of("vmfunc"),
                true,
                Map.of("probe", 2L),
                Map.of("hooks", 1L),
                Optional.of(new RingStatistics(100, 6400, 104, dropped, 0, 64, 90, 1)),
                5,
                tally,
                true);
    }

    private static CheckReport report(Finding... findings) {
        Instant begun = Instant.ofEpochSecond(1_700_000_000);
        return new CheckReport(
                begun,
                Duration.ofMillis(20),
                4096,
                List.of(new CheckReport.Result(
                        IntegrityCheck.HOOKS,
                        Duration.ofMillis(20),
                        4096,
                        List.of(findings),
                        List.of())));
    }

    @AfterEach
    void close() {
        server.close();
    }

    private static InetSocketAddress anywhere() {
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    }

    private Exposition scrape() throws Exception {
        server.serve(Optional.of(anywhere()));
        HttpResponse<String> response = HttpClient.newHttpClient()
                .send(
                        HttpRequest.newBuilder(URI.create("http://127.0.0.1:"
                                        + server.port().orElseThrow() + "/metrics"))
                                .header("Accept", "text/plain;version=0.0.4")
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertEquals(200, response.statusCode());
        return Exposition.of(response.body());
    }

    @Test
    @DisplayName("tell of the manager, its domains, their rings and its outlets, under the names "
            + "that are documented")
    void names() throws Exception {
        Map<String, Double> samples = scrape().samples();
        assertEquals(1.0, samples.get("sim_build_info{version=\"1.2\"}"));
        assertEquals(1.0, samples.get("sim_libvirt_up"));
        assertEquals(
                1.0,
                samples.get(
                        "sim_domain_info{domain=\"web\",gate=\"vmfunc\",required=\"yes\",uuid=\""
                                + WEB + "\"}"));
        assertEquals(
                1.0,
                samples.get(
                        "sim_domain_state{domain=\"web\",state=\"armed\",uuid=\"" + WEB + "\"}"));
        assertEquals(
                2.0,
                samples.get("sim_violations_total{domain=\"web\",kind=\"probe\",uuid=\"" + WEB
                        + "\"}"));
        assertEquals(1.0, samples.get("sim_findings_total{class=\"hooks\"," + LABELS + "}"));
        assertEquals(100.0, samples.get("sim_events_total{" + LABELS + "}"));
        assertEquals(4.0, samples.get("sim_events_dropped_total{" + LABELS + "}"));
        assertEquals(5.0, samples.get("sim_events_not_logged_total{" + LABELS + "}"));
        assertEquals(90.0, samples.get("sim_monitor_calls_total{" + LABELS + "}"));
        assertEquals(1.0, samples.get("sim_monitor_calls_forged_total{" + LABELS + "}"));
        assertEquals(64.0, samples.get("sim_ring_waiting_bytes{" + LABELS + "}"));
        assertEquals(1.0, samples.get("sim_checks_suspended{" + LABELS + "}"));
        assertEquals(7.0, samples.get("sim_outlet_delivered_total{outlet=\"webhook\"}"));
        assertEquals(1.0, samples.get("sim_outlet_failing{outlet=\"webhook\"}"));
        assertTrue(samples.get("process_resident_memory_bytes") > 1 << 20);
        assertTrue(samples.containsKey("process_cpu_seconds_total"));
    }

    @Test
    @DisplayName("count checks by result, and tell how long they took and when the last began")
    void checks() throws Exception {
        Finding finding = Finding.ofManager(
                FindingClass.HOOKS, FindingCode.HOOK_OVERWRITTEN, "do_exit", "a", "b");
        for (CheckReport each : List.of(report(), report(), report(finding))) {
            tally.add(each);
            durations.observe(each);
        }
        Map<String, Double> samples = scrape().samples();
        assertEquals(
                2.0,
                samples.get(
                        "sim_checks_total{check=\"hooks\",domain=\"web\",result=\"clean\",uuid=\""
                                + WEB + "\"}"));
        assertEquals(
                1.0,
                samples.get("sim_checks_total{check=\"hooks\",domain=\"web\",result=\"findings\","
                        + "uuid=\""
                        + WEB + "\"}"));
        assertEquals(1.7e9, samples.get("sim_last_check_timestamp_seconds{" + LABELS + "}"));
        assertEquals(3.0, samples.get("sim_check_duration_seconds_count{check=\"hooks\"}"));
        assertEquals(0.06, samples.get("sim_check_duration_seconds_sum{check=\"hooks\"}"), 1e-9);
        assertEquals(
                0.0, samples.get("sim_check_duration_seconds_bucket{check=\"hooks\",le=\"0.01\"}"));
        assertEquals(
                3.0, samples.get("sim_check_duration_seconds_bucket{check=\"hooks\",le=\"0.03\"}"));
    }

    @Test
    @DisplayName("stay in the format whatever a domain is called")
    void hostileNames() throws Exception {
        domains = List.of(domain("a\"} 1\nsim_libvirt_up 0\\\u20ac"));
        Map<String, Double> samples = scrape().samples();
        assertEquals(1.0, samples.get("sim_libvirt_up"));
        assertEquals(
                1.0,
                samples.get("sim_domain_state{domain=\"a\\\"} 1\\nsim_libvirt_up "
                        + "0\\\\\u20ac\",state=\"armed\",uuid=\""
                        + WEB + "\"}"));
    }

    @Test
    @DisplayName("of a domain are gone when the domain is")
    void gone() throws Exception {
        domains = List.of();
        assertTrue(
                scrape().samples().keySet().stream().noneMatch(name -> name.contains("domain=")));
    }

    @Test
    @DisplayName("of 500 domains take less than a second of a core")
    void many() throws Exception {
        tally.add(report());
        domains = IntStream.range(0, 500).mapToObj(i -> domain("vm" + i)).toList();
        assertTrue(scrape().samples().size() > 5000);
        ManagerCollector collector =
                new ManagerCollector(() -> new ManagerFigures("1.2", true, domains, List.of()));
        ThreadMXBean clock = ManagementFactory.getThreadMXBean();
        long begun = clock.getCurrentThreadCpuTime(); // not the wall's: the machine may be busy
        assertTrue(collector.collect().size() > 10);
        double took = (clock.getCurrentThreadCpuTime() - begun) / 1e6;
        assertTrue(took < 1000, took + " ms");
    }

    @Test
    @DisplayName("move to another address, and end, as settings say")
    void moves() throws Exception {
        assertEquals(OptionalInt.empty(), server.port());
        scrape();
        int first = server.port().orElseThrow();
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        server.serve(Optional.of(new InetSocketAddress(InetAddress.getLoopbackAddress(), free)));
        assertEquals(OptionalInt.of(free), server.port());
        assertTrue(refused(first));
        server.serve(Optional.empty());
        assertTrue(refused(free));
    }

    @Test
    @DisplayName("are missing, and nothing else, when the port is taken")
    void taken() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            server.serve(Optional.of(new InetSocketAddress(
                    InetAddress.getLoopbackAddress(), socket.getLocalPort())));
            assertEquals(OptionalInt.empty(), server.port());
        }
    }

    private static boolean refused(int port) {
        try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
            return false;
        } catch (IOException e) {
            return true;
        }
    }
}
