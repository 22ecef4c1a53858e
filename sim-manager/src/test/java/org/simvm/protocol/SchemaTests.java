// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.github.victools.jsonschema.generator.CustomDefinition;
import com.github.victools.jsonschema.generator.Option;
import com.github.victools.jsonschema.generator.OptionPreset;
import com.github.victools.jsonschema.generator.SchemaBuilder;
import com.github.victools.jsonschema.generator.SchemaGenerator;
import com.github.victools.jsonschema.generator.SchemaGeneratorConfigBuilder;
import com.github.victools.jsonschema.generator.SchemaVersion;
import com.github.victools.jsonschema.module.jackson.JacksonModule;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;
import org.junit.jupiter.api.DisplayName;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

@DisplayName("The JSON Schema of the control socket")
class SchemaTests {
    private static final Path SCHEMA =
            Path.of("src/main/resources/org/simvm/protocol/protocol.schema.json");
    private static final Map<Class<?>, String> PLAIN = Map.of(
            OptionalInt.class,
            "integer",
            OptionalLong.class,
            "integer",
            OptionalDouble.class,
            "number");
    private static final Set<Class<?>> OPTIONAL =
            Set.of(Optional.class, OptionalInt.class, OptionalLong.class, OptionalDouble.class);

    private static CustomDefinition inline(ObjectNode schema) {
        return new CustomDefinition(
                schema,
                CustomDefinition.DefinitionType.INLINE,
                CustomDefinition.AttributeInclusion.YES);
    }

    private static ObjectNode plain(Class<?> type) {
        ObjectNode schema = Codec.JSON.createObjectNode();
        if (PLAIN.containsKey(type)) {
            return schema.put("type", PLAIN.get(type));
        }
        schema.put("type", "string");
        if (type == Instant.class) {
            schema.put("format", "date-time");
        } else if (type == UUID.class) {
            schema.put("format", "uuid");
        } else if (type == Address.class) {
            schema.put("pattern", "^0x[0-9a-f]{1,16}$");
        } else {
            for (Object constant : type.getEnumConstants()) {
                schema.withArray("enum").add(Codec.JSON.valueToTree(constant).asText());
            }
        }
        return schema;
    }

    private static ObjectNode generated() {
        SchemaGeneratorConfigBuilder config = new SchemaGeneratorConfigBuilder(
                        SchemaVersion.DRAFT_2020_12, OptionPreset.PLAIN_JSON)
                .with(new JacksonModule())
                .with(
                        Option.DEFINITIONS_FOR_ALL_OBJECTS,
                        Option.FLATTENED_OPTIONALS,
                        Option.MAP_VALUES_AS_ADDITIONAL_PROPERTIES,
                        Option.PLAIN_DEFINITION_KEYS)
                .without(Option.NULLABLE_FIELDS_BY_DEFAULT);
        config.forFields()
                .withRequiredCheck(
                        field -> !OPTIONAL.contains(field.getDeclaredType().getErasedType()))
                .withNullableCheck(field -> false);
        config.forTypesInGeneral().withCustomDefinitionProvider((type, context) -> {
            Class<?> raw = type.getErasedType();
            boolean isPlain = PLAIN.containsKey(raw)
                    || List.of(Instant.class, UUID.class, Address.class).contains(raw)
                    || raw.isEnum();
            return isPlain ? inline(plain(raw)) : null;
        });
        SchemaBuilder builder =
                new SchemaGenerator(config.build()).buildMultipleSchemaDefinitions();
        ObjectNode requests = Codec.JSON.createObjectNode();
        ObjectNode answers = Codec.JSON.createObjectNode();
        for (Verb<?, ?> verb : Verbs.all()) {
            requests.set(verb.name(), builder.createSchemaReference(verb.request()));
            answers.set(verb.name(), builder.createSchemaReference(verb.answer()));
        }
        answers.set("done", builder.createSchemaReference(Done.class));
        ObjectNode schema = Codec.JSON.createObjectNode();
        schema.put("$schema", SchemaVersion.DRAFT_2020_12.getIdentifier());
        schema.put("title", "Requests (beside 'verb') and answers of sim-manager's control socket");
        schema.set("$defs", builder.collectDefinitions("$defs"));
        schema.putObject("properties").set("requests", properties(requests));
        ((ObjectNode) schema.get("properties")).set("answers", properties(answers));
        return schema;
    }

    private static ObjectNode properties(ObjectNode verbs) {
        ObjectNode object = Codec.JSON.createObjectNode();
        object.set("properties", verbs);
        return object;
    }

    @Test
    @DisplayName("is what the records make of it (-Dschema.write=true writes it)")
    void upToDate() throws Exception {
        String text = Codec.JSON.writerWithDefaultPrettyPrinter().writeValueAsString(generated());
        if (Boolean.getBoolean("schema.write")) {
            Files.createDirectories(SCHEMA.getParent());
            Files.writeString(SCHEMA, text + "\n");
        }
        assertEquals(Files.readString(SCHEMA), text + "\n");
    }

    @ParameterizedTest
    @MethodSource("org.simvm.protocol.SampleAnswers#all")
    @DisplayName("describes every answer, and refuses it when a field is of another type")
    void describes(SampleAnswers sample) throws Exception {
        JsonSchema schema = JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
                .getSchema(Codec.JSON.readTree(SCHEMA.toFile()));
        for (String line : sample.lines()) {
            ObjectNode answer = (ObjectNode) Codec.JSON.readTree(line);
            assertEquals(Set.of(), schema.validate(wrap(sample.verb().name(), answer)));
            String first = answer.fieldNames().next();
            answer.set(first, Codec.JSON.createObjectNode());
            assertFalse(schema.validate(wrap(sample.verb().name(), answer)).isEmpty(), first);
        }
    }

    private static JsonNode wrap(String verb, ObjectNode answer) {
        ObjectNode whole = Codec.JSON.createObjectNode();
        whole.putObject("answers").set(verb, answer);
        return whole;
    }
}
