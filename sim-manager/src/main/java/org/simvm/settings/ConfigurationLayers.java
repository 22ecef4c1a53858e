// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.commons.configuration2.BaseConfiguration;
import org.apache.commons.configuration2.CombinedConfiguration;
import org.apache.commons.configuration2.Configuration;
import org.apache.commons.configuration2.PropertiesConfiguration;
import org.apache.commons.configuration2.ex.ConfigurationException;
import org.apache.commons.configuration2.io.FileHandler;
import org.apache.commons.configuration2.tree.OverrideCombiner;
import org.simvm.settings.ManagerSettings.LogLevel;

/**
 * Lays the sources of the host's configuration over each other and converts them, once, into the
 * record.
 *
 * <p>Values are taken as they are written: no interpolation, no includes, no lists.
 */
final class ConfigurationLayers {

    private static final String DEFAULTS = "sim-manager.conf";
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}) ?(KiB|MiB|GiB)");
    private static final Pattern ACCOUNT =
            Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*\\$?|\\+[0-9]{1,10}");
    private static final Pattern INCLUDE = Pattern.compile("(?mi)^\\s*include(optional)?\\s*[=: ]");
    private static final int MAXIMUM_PORT = 65535;

    private final List<Problem> problems = new ArrayList<>();
    private final CombinedConfiguration layers = new CombinedConfiguration(new OverrideCombiner());
    private final Map<String, Configuration> names = new LinkedHashMap<>();
    private final PropertiesConfiguration defaults = new PropertiesConfiguration();
    private final Set<String> keys = new TreeSet<>();

    ConfigurationLayers() {
        try (InputStream stream = ConfigurationLayers.class.getResourceAsStream(DEFAULTS);
                Reader reader = new InputStreamReader(stream, StandardCharsets.UTF_8)) {
            load(defaults, reader);
        } catch (IOException | ConfigurationException e) {
            throw new IllegalStateException("the defaults in the jar cannot be read", e);
        }
        defaults.getKeys().forEachRemaining(keys::add);
    }

    /** Adds a layer below those that are there already. */
    void add(String name, Map<String, String> values) {
        Configuration layer = new BaseConfiguration();
        values.forEach(layer::setProperty);
        add(name, layer);
    }

    /** Adds the environment as a layer: variables that belong to no key are somebody else's. */
    void addEnvironment(Map<String, String> environment) {
        Configuration layer = new BaseConfiguration();
        for (String key : keys) {
            String value = environment.get(variable(key));
            if (value != null) {
                layer.setProperty(key, value);
            }
        }
        add("environment", layer);
    }

    /** Adds a file in properties format, UTF-8. */
    void add(Path file) {
        PropertiesConfiguration layer = new PropertiesConfiguration();
        try {
            String text = Files.readString(file);
            if (INCLUDE.matcher(text).find()) {
                // Commons Configuration would pass over it without a word.
                problem(
                        file + ": include",
                        "files cannot include others",
                        "put the other file into conf.d");
            }
            load(layer, new StringReader(text));
            add(file.toString(), layer);
        } catch (CharacterCodingException e) {
            problem(file.toString(), "is not UTF-8 text", "save it as UTF-8");
        } catch (IOException e) {
            problem(file.toString(), "cannot be read: " + e, "make it readable for the manager");
        } catch (ConfigurationException | RuntimeException e) {
            // Commons Configuration lets a broken Unicode escape out as a RuntimeException.
            problem(
                    file.toString(),
                    "is not in properties format: " + e.getMessage(),
                    "write lines of key = value");
        }
    }

    void problem(String where, String what, String nextStep) {
        problems.add(new Problem(where, what, nextStep));
    }

    /**
     * Converts the layers.
     *
     * @throws SettingsException everything that was wrong up to now, and is wrong with the values
     */
    ManagerSettings settings() throws SettingsException {
        add("defaults", defaults);
        String address = text("metrics.address");
        int port = number("metrics.port", 0, MAXIMUM_PORT);
        ManagerSettings settings = new ManagerSettings(
                absolute("run.dir"),
                absolute("state.dir"),
                absolute("share.dir"),
                uri("libvirt.uri"),
                absolute("launcher.path"),
                account("qemu.user"),
                account("qemu.group"),
                account("control.group"),
                directories("monitor.directories"),
                size(
                        "region.size",
                        SimSettings.MINIMUM_REGION_BYTES,
                        SimSettings.MAXIMUM_REGION_BYTES),
                path("event.log.file"),
                size("event.log.size", 64 << 10, 1L << 40),
                number("event.log.files", 1, 1000),
                level("log.level"),
                metrics(address, port),
                outlets(),
                checkStore());
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
        return settings;
    }

    private void add(String name, Configuration layer) {
        for (Iterator<String> found = layer.getKeys(); found.hasNext(); ) {
            String key = found.next();
            if (!keys.contains(key)) {
                problem(
                        name + ": " + key,
                        "there is no such key",
                        "use one of " + String.join(", ", keys));
            } else if (layer.getProperty(key) instanceof Collection) {
                problem(name + ": " + key, "the key is there more than once", "keep one line");
            }
        }
        names.put(name, layer);
        layers.addConfiguration(layer);
    }

    private static void load(PropertiesConfiguration layer, Reader reader)
            throws ConfigurationException, IOException {
        layer.setIncludesAllowed(false);
        new FileHandler(layer).load(reader);
    }

    private static String variable(String key) {
        return "SIM_" + key.toUpperCase(Locale.ROOT).replace('.', '_');
    }

    private String text(String key) {
        Object value = layers.getProperty(key);
        if (value instanceof Collection<?> several) {
            value = several.iterator().next(); // told when the layer was added
        }
        return String.valueOf(value).strip();
    }

    private void wrong(String key, String what, String nextStep) {
        String layer = names.entrySet().stream()
                .filter(n -> n.getValue().containsKey(key))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        String name = layer.equals("environment") ? variable(key) : key;
        problem(layer + ": " + name, "\"" + text(key) + "\" " + what, nextStep);
    }

    private Path path(String key) {
        String text = text(key);
        try {
            if (!text.isEmpty()) {
                return Path.of(text).normalize();
            }
        } catch (InvalidPathException e) {
            // A NUL, or a character that the locale of this process does not know: told like an
            // empty text.
        }
        wrong(key, "is not a path", "name a file, in characters of this process's locale");
        return Path.of("/");
    }

    private Path absolute(String key) {
        Path path = path(key);
        if (!path.isAbsolute()) {
            wrong(key, "is not an absolute path", "start it with /");
        }
        return path;
    }

    private List<Path> directories(String key) {
        List<Path> directories = new ArrayList<>();
        for (String text : text(key).split(":")) {
            if (text.isBlank()) {
                continue;
            }
            try {
                Path directory = Path.of(text.strip()).normalize();
                if (directory.isAbsolute()) {
                    directories.add(directory);
                    continue;
                }
            } catch (InvalidPathException e) {
                // As above.
            }
            wrong(
                    key,
                    "has a directory that is not an absolute path: " + text.strip(),
                    "start it with /");
        }
        return directories;
    }

    private String uri(String key) {
        String text = text(key);
        try {
            if (new URI(text).getScheme() == null) {
                wrong(key, "is not a libvirt URI", "write one as in qemu:///system");
            }
        } catch (URISyntaxException e) {
            wrong(key, "is not a URI: " + e.getReason(), "write one as in qemu:///system");
        }
        return text;
    }

    private String account(String key) {
        String text = text(key);
        if (!ACCOUNT.matcher(text).matches()) {
            wrong(key, "is not a user or group", "write its name, or + and its number");
        }
        return text;
    }

    private long size(String key, long minimum, long maximum) {
        Matcher matcher = SIZE.matcher(text(key));
        if (!matcher.matches()) {
            wrong(key, "is not a size", "write a number and KiB, MiB or GiB");
            return minimum;
        }
        int shift = switch (matcher.group(2)) {
            case "KiB" -> 10;
            case "MiB" -> 20;
            default -> 30;
        };
        long bytes = Long.parseLong(matcher.group(1)) << shift;
        if (bytes < minimum || bytes > maximum) {
            wrong(
                    key,
                    "is out of range",
                    "give " + (minimum >> 10) + " KiB to " + (maximum >> 30) + " GiB");
        } else if (key.equals("region.size") && bytes % 4096 != 0) {
            wrong(key, "is not a multiple of 4 KiB", "round it up");
        }
        return bytes;
    }

    private Optional<CheckStoreSettings> checkStore() {
        if (text("checks.store.file").isEmpty()) {
            return Optional.empty();
        }
        Path file = absolute("checks.store.file");
        try {
            return file.isAbsolute() ? Optional.of(CheckStoreFile.read(file)) : Optional.empty();
        } catch (SettingsException e) {
            problems.addAll(e.problems());
            return Optional.empty();
        }
    }

    private OutletSettings outlets() {
        OutletSettings.Journal journal =
                new OutletSettings.Journal(sent("journal.send"), absolute("journal.socket"));
        Set<String> sentToSyslog = sent("syslog.send");
        Optional<OutletSettings.Syslog> syslog = address(
                        "syslog.address", Set.of("udp", "tcp", "tls"), "udp://loghost:514")
                .map(uri -> new OutletSettings.Syslog(sentToSyslog, uri));
        if (syslog.isPresent()
                && (syslog.get().server().getPort() < 1
                        || !syslog.get().server().getRawPath().isEmpty())) {
            wrong("syslog.address", "has no port, or a path", "write one as in udp://loghost:514");
        }
        Set<String> sentToWebhook = sent("webhook.send");
        int timeout = number("webhook.timeout", 1, 600);
        Optional<Path> secret = text("webhook.secret.file").isEmpty()
                ? Optional.empty()
                : Optional.of(absolute("webhook.secret.file"));
        Optional<OutletSettings.Webhook> webhook = address(
                        "webhook.url", Set.of("http", "https"), "https://receiver/sim")
                .map(uri -> new OutletSettings.Webhook(
                        sentToWebhook, uri, Duration.ofSeconds(timeout), secret));
        return new OutletSettings(journal, syslog, webhook, size("spool.size", 1 << 20, 1L << 40));
    }

    /** What an outlet sends: kinds of notices, and types of events. */
    private Set<String> sent(String key) {
        Set<String> sent = new TreeSet<>();
        for (String word : text(key).split("[, ]+")) {
            if (OutletSettings.KINDS.contains(word) || word.matches("event-[0-9]{1,5}")) {
                sent.add(word);
            } else if (!word.isEmpty()) {
                wrong(
                        key,
                        "names what is never sent: " + word,
                        "use " + String.join(", ", OutletSettings.KINDS) + ", event-N");
            }
        }
        return sent;
    }

    /** An address with a host; empty if the key is. */
    private Optional<URI> address(String key, Set<String> schemes, String example) {
        if (text(key).isEmpty()) {
            return Optional.empty();
        }
        try {
            URI uri = new URI(text(key));
            if (uri.getHost() != null
                    && uri.getScheme() != null
                    && schemes.contains(uri.getScheme())
                    && uri.getRawUserInfo() == null) {
                return Optional.of(uri);
            }
        } catch (URISyntaxException e) {
            // Told like an address of another kind.
        }
        wrong(key, "is not an address that can be sent to", "write one as in " + example);
        return Optional.empty();
    }

    private int number(String key, int minimum, int maximum) {
        String text = text(key);
        if (text.matches("[0-9]{1,9}")) {
            int number = Integer.parseInt(text);
            if (number >= minimum && number <= maximum) {
                return number;
            }
        }
        wrong(key, "is not a number from " + minimum + " to " + maximum, "correct it");
        return minimum;
    }

    private LogLevel level(String key) {
        for (LogLevel level : LogLevel.values()) {
            if (level.name().equalsIgnoreCase(text(key))) {
                return level;
            }
        }
        wrong(key, "is not a level", "use error, warn, info, debug or trace");
        return LogLevel.INFO;
    }

    private Optional<InetSocketAddress> metrics(String address, int port) {
        // A literal address: a name would be looked up, and a manager must not wait for a name
        // server to
        // start.
        if (!address.matches("[0-9.]+|[0-9A-Fa-f:.]*:[0-9A-Fa-f:.]*")) {
            wrong("metrics.address", "is not an IP address", "write one as in 127.0.0.1 or ::1");
            return Optional.empty();
        }
        try {
            InetAddress parsed = InetAddress.getByName(address);
            return port == 0 ? Optional.empty() : Optional.of(new InetSocketAddress(parsed, port));
        } catch (IOException e) {
            wrong("metrics.address", "is not an IP address", "write one as in 127.0.0.1 or ::1");
            return Optional.empty();
        }
    }
}
