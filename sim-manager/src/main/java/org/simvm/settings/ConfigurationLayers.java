// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.settings;

import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.io.StringReader;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.apache.commons.configuration2.BaseConfiguration;
import org.apache.commons.configuration2.CombinedConfiguration;
import org.apache.commons.configuration2.Configuration;
import org.apache.commons.configuration2.PropertiesConfiguration;
import org.apache.commons.configuration2.ex.ConfigurationException;
import org.apache.commons.configuration2.io.FileHandler;
import org.apache.commons.configuration2.tree.OverrideCombiner;

/**
 * Lays the sources of the host's configuration over each other: the first that is added counts
 * most, the defaults in the jar least.
 *
 * <p>Values are taken as they are written: no interpolation, no includes, no lists.
 */
final class ConfigurationLayers {

    private static final String DEFAULTS = "sim-manager.conf";
    private static final Pattern INCLUDE = Pattern.compile("(?mi)^\\s*include(optional)?\\s*[=: ]");

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

    /** Adds what the jar says, below everything else. */
    void addDefaults() {
        add("defaults", defaults);
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
                // Commons Configuration would skip it silently.
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

    void addAll(List<Problem> more) {
        problems.addAll(more);
    }

    void throwIfAny() throws SettingsException {
        if (!problems.isEmpty()) {
            throw new SettingsException(problems);
        }
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

    /** Returns a value as it is written in the uppermost layer that has it. */
    String text(String key) {
        Object value = layers.getProperty(key);
        if (value instanceof Collection<?> several) {
            value = several.iterator().next(); // told when the layer was added
        }
        return String.valueOf(value).strip();
    }

    /** Adds a problem with a value, at the layer that it is from. */
    void wrong(String key, String what, String nextStep) {
        String layer = names.entrySet().stream()
                .filter(n -> n.getValue().containsKey(key))
                .map(Map.Entry::getKey)
                .findFirst()
                .orElseThrow();
        String name = layer.equals("environment") ? variable(key) : key;
        problem(layer + ": " + name, "\"" + text(key) + "\" " + what, nextStep);
    }
}
