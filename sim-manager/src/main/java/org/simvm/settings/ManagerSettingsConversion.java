// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Optional;
import java.util.Set;
import org.simvm.settings.ManagerSettings.InvalidElement;
import org.simvm.settings.ManagerSettings.LogLevel;

/** Turns the layers of the host's configuration into the record. */
final class ManagerSettingsConversion {
    private static final int MAXIMUM_PORT = 65535;
    /** One day, in seconds. */
    private static final int MAXIMUM_BOOT_LIMIT = 86_400;

    private static final int MAXIMUM_HISTORY_DAYS = 36_500;

    private final ConfigurationLayers layers;
    private final ConfigurationValues values;

    private ManagerSettingsConversion(ConfigurationLayers layers) {
        this.layers = layers;
        this.values = new ConfigurationValues(layers);
    }

    /**
     * Converts.
     *
     * @throws SettingsException everything that is wrong with the layers and their values
     */
    static ManagerSettings convert(ConfigurationLayers layers) throws SettingsException {
        layers.addDefaults();
        ManagerSettings settings = new ManagerSettingsConversion(layers).settings();
        layers.throwIfAny();
        return settings;
    }

    private ManagerSettings settings() {
        String address = values.text("metrics.address");
        int port = values.number("metrics.port", 0, MAXIMUM_PORT);
        return new ManagerSettings(
                values.absolute("run.dir"),
                values.absolute("state.dir"),
                values.absolute("share.dir"),
                values.uri("libvirt.uri"),
                values.absolute("launcher.path"),
                values.account("qemu.user"),
                values.account("qemu.group"),
                values.account("control.group"),
                values.word("element.invalid", InvalidElement.class),
                values.directories("monitor.directories"),
                values.size(
                        "region.size",
                        SimSettings.MINIMUM_REGION_BYTES,
                        SimSettings.MAXIMUM_REGION_BYTES),
                Duration.ofSeconds(values.number("boot.limit", 0, MAXIMUM_BOOT_LIMIT)),
                values.path("event.log.file"),
                values.size("event.log.size", 64 << 10, 1L << 40),
                values.number("event.log.files", 1, 1000),
                Duration.ofDays(values.number("history.days", 0, MAXIMUM_HISTORY_DAYS)),
                values.size("history.size", 0, 1L << 40),
                values.word("log.level", LogLevel.class),
                metrics(address, port),
                outlets(),
                checkStore());
    }

    private Optional<CheckStoreSettings> checkStore() {
        if (values.text("checks.store.file").isEmpty()) {
            return Optional.empty();
        }
        Path file = values.absolute("checks.store.file");
        try {
            return file.isAbsolute() ? Optional.of(CheckStoreFile.read(file)) : Optional.empty();
        } catch (SettingsException e) {
            layers.addAll(e.problems());
            return Optional.empty();
        }
    }

    private OutletSettings outlets() {
        OutletSettings.Journal journal = new OutletSettings.Journal(
                values.sent("journal.send"), values.absolute("journal.socket"));
        Set<String> sentToSyslog = values.sent("syslog.send");
        Optional<OutletSettings.Syslog> syslog = values.address(
                        "syslog.address", Set.of("udp", "tcp", "tls"), "udp://loghost:514")
                .map(uri -> new OutletSettings.Syslog(sentToSyslog, uri));
        if (syslog.isPresent()
                && (syslog.get().server().getPort() < 1
                        || !syslog.get().server().getRawPath().isEmpty())) {
            values.wrong(
                    "syslog.address",
                    "has no port, or a path",
                    "write one as in udp://loghost:514");
        }
        Set<String> sentToWebhook = values.sent("webhook.send");
        int timeout = values.number("webhook.timeout", 1, 600);
        Optional<Path> secret = values.text("webhook.secret.file").isEmpty()
                ? Optional.empty()
                : Optional.of(values.absolute("webhook.secret.file"));
        Optional<OutletSettings.Webhook> webhook = values.address(
                        "webhook.url", Set.of("http", "https"), "https://receiver/sim")
                .map(uri -> new OutletSettings.Webhook(
                        sentToWebhook, uri, Duration.ofSeconds(timeout), secret));
        return new OutletSettings(
                journal, syslog, webhook, values.size("spool.size", 1 << 20, 1L << 40));
    }

    @SuppressWarnings("AddressSelection") // a literal has one address
    private Optional<InetSocketAddress> metrics(String address, int port) {
        // A literal address: a name would be looked up, and a manager must not wait for a name
        // server when it starts.
        if (!address.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")) {
            values.wrong(
                    "metrics.address", "is not an IP address", "write one as in 127.0.0.1 or ::1");
            return Optional.empty();
        }
        try {
            InetAddress parsed = InetAddress.getByName(address);
            return port == 0 ? Optional.empty() : Optional.of(new InetSocketAddress(parsed, port));
        } catch (IOException e) {
            values.wrong(
                    "metrics.address", "is not an IP address", "write one as in 127.0.0.1 or ::1");
            return Optional.empty();
        }
    }
}
