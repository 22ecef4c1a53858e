// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.json;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.annotation.JsonSetter;
import com.fasterxml.jackson.annotation.Nulls;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.cfg.MapperConfig;
import com.fasterxml.jackson.databind.deser.std.FromStringDeserializer;
import com.fasterxml.jackson.databind.introspect.Annotated;
import com.fasterxml.jackson.databind.introspect.AnnotatedClass;
import com.fasterxml.jackson.databind.introspect.AnnotatedMember;
import com.fasterxml.jackson.databind.introspect.JacksonAnnotationIntrospector;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import com.fasterxml.jackson.datatype.jdk8.Jdk8Module;

import java.io.IOException;
import java.io.Serial;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;

/**
 * Records as JSON, and back. What is empty has no field; a component that is no number, truth
 * value, optional, list or map must have one. Fields that are not known are passed over, so that a
 * newer writer may add some.
 */
public final class RecordJson {
    /** Reads and writes records; it is not to be configured any further. */
    public static final JsonMapper MAPPER = JsonMapper.builder()
            .addModule(new Jdk8Module())
            .addModule(new SimpleModule()
                    .addSerializer(Instant.class, ToStringSerializer.instance)
                    .addDeserializer(Instant.class, new InstantReader()))
            .annotationIntrospector(new WireNames())
            .defaultPropertyInclusion(JsonInclude.Value.construct(
                    JsonInclude.Include.NON_ABSENT, JsonInclude.Include.ALWAYS))
            .disable(SerializationFeature.FAIL_ON_EMPTY_BEANS)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .build();

    private RecordJson() {}

    private static final class InstantReader extends FromStringDeserializer<Instant> {
        @Serial
        private static final long serialVersionUID = 1L;

        InstantReader() {
            super(Instant.class);
        }

        @Override
        protected Instant _deserialize(String value, DeserializationContext context)
                throws IOException {
            try {
                return Instant.parse(value);
            } catch (DateTimeException e) {
                return (Instant) context.handleWeirdStringValue(
                        Instant.class, value, "not a time such as 2030-01-01T00:00:00Z");
            }
        }
    }

    /** What the types of the records already say, so that no annotation has to. */
    private static final class WireNames extends JacksonAnnotationIntrospector {
        @Serial
        private static final long serialVersionUID = 1L;

        private static final Set<Class<?>> COLLECTIONS = Set.of(List.class, Map.class);
        private static final Set<Class<?>> OPTIONALS =
                Set.of(Optional.class, OptionalInt.class, OptionalLong.class, OptionalDouble.class);

        /** Constants are words: {@code NEXT_START} is {@code next-start}. */
        @Override
        public String[] findEnumValues(
                MapperConfig<?> config, AnnotatedClass type, Enum<?>[] constants, String[] names) {
            super.findEnumValues(config, type, constants, names);
            for (int i = 0; i < names.length; i++) {
                if (names[i] == null) {
                    names[i] = constants[i].name().toLowerCase(Locale.ROOT).replace('_', '-');
                }
            }
            return names;
        }

        @Override
        public Boolean hasRequiredMarker(AnnotatedMember member) {
            return isRequired(member.getRawType());
        }

        @Override
        public JsonSetter.Value findSetterInfo(Annotated member) {
            Class<?> type = member.getRawType();
            return COLLECTIONS.contains(type)
                    ? JsonSetter.Value.forValueNulls(Nulls.AS_EMPTY)
                    : isRequired(type)
                            ? JsonSetter.Value.forValueNulls(Nulls.FAIL)
                            : super.findSetterInfo(member);
        }

        private static boolean isRequired(Class<?> type) {
            return !type.isPrimitive() && !COLLECTIONS.contains(type) && !OPTIONALS.contains(type);
        }
    }
}
