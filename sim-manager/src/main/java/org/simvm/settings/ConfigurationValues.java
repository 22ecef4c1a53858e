// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.net.URI;
import java.net.URISyntaxException;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Reads single values of the configuration. A value that can't be read is a problem of the layer
 * that it came from, and something harmless stands in for it until all problems are reported.
 */
final class ConfigurationValues {
    private static final Pattern SIZE = Pattern.compile("([0-9]{1,9}) ?(KiB|MiB|GiB)");
    private static final Pattern ACCOUNT =
            Pattern.compile("[A-Za-z_][A-Za-z0-9_.-]*\\$?|\\+[0-9]{1,10}");

    private final ConfigurationLayers layers;

    ConfigurationValues(ConfigurationLayers layers) {
        this.layers = layers;
    }

    String text(String key) {
        return layers.text(key);
    }

    void wrong(String key, String what, String nextStep) {
        layers.wrong(key, what, nextStep);
    }

    Path path(String key) {
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

    Path absolute(String key) {
        Path path = path(key);
        if (!path.isAbsolute()) {
            wrong(key, "is not an absolute path", "start it with /");
        }
        return path;
    }

    List<Path> directories(String key) {
        List<Path> directories = new ArrayList<>();
        for (String text : text(key).split(":", 0)) {
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

    String uri(String key) {
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

    String account(String key) {
        String text = text(key);
        if (!ACCOUNT.matcher(text).matches()) {
            wrong(key, "is not a user or group", "write its name, or + and its number");
        }
        return text;
    }

    long size(String key, long minimum, long maximum) {
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

    /** What an outlet sends: kinds of notices, and types of events. */
    Set<String> sent(String key) {
        Set<String> sent = new TreeSet<>();
        for (String word : text(key).split("[, ]+", 0)) {
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
    Optional<URI> address(String key, Set<String> schemes, String example) {
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

    int number(String key, int minimum, int maximum) {
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

    /** Reads one of a few words; the first stands in for a wrong one. */
    <E extends Enum<E>> E word(String key, Class<E> words) {
        for (E word : words.getEnumConstants()) {
            if (word.name().equalsIgnoreCase(text(key))) {
                return word;
            }
        }
        String all = Stream.of(words.getEnumConstants())
                .map(word -> word.name().toLowerCase(Locale.ROOT))
                .collect(Collectors.joining(", "));
        wrong(key, "is none of the words that may stand there", "use one of " + all);
        return words.getEnumConstants()[0];
    }
}
