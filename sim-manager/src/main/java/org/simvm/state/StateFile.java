// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.state;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Optional;
import org.simvm.json.RecordJson;

/** Replaces files whole, and reads those that hold a record as JSON. Files are 0600. */
public final class StateFile {
    private static final String FORMAT = "format";
    private static final long LONGEST_JSON = 16 << 20;

    /** What must be true of a file when the call that writes it returns. */
    public enum Safety {
        /** It survives a crash of the host: file and directory are on disk. */
        HOST,
        /**
         * It survives the end of the process. For what means nothing after the host went down, and
         * is written often.
         */
        PROCESS
    }

    private StateFile() {}

    /**
     * Replaces a file, or makes it. The new one is complete before it takes the old one's name.
     *
     * @throws IOException it can't be; the old one stays, and nothing else
     */
    public static void replace(Path file, ByteBuffer contents, Safety safety) throws IOException {
        Path directory = file.toAbsolutePath().getParent();
        Path unfinished = Files.createTempFile(
                directory,
                "." + file.getFileName() + "-",
                "",
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rw-------")));
        try {
            try (FileChannel channel = FileChannel.open(unfinished, StandardOpenOption.WRITE)) {
                while (contents.hasRemaining()) {
                    channel.write(contents);
                }
                if (safety == Safety.HOST) {
                    channel.force(true);
                }
            }
            Files.move(
                    unfinished,
                    file,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException | RuntimeException e) {
            Files.deleteIfExists(unfinished);
            throw e;
        }
        if (safety == Safety.HOST) {
            sync(directory);
        }
    }

    /** Puts on disk which files a directory has. */
    public static void sync(Path directory) throws IOException {
        try (FileChannel channel = FileChannel.open(directory, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    /** Replaces a file with a record as JSON that says which format it has. */
    public static void replace(Path file, int format, Record contents, Safety safety)
            throws IOException {
        ObjectNode whole = RecordJson.MAPPER.createObjectNode().put(FORMAT, format);
        whole.setAll(RecordJson.MAPPER.<ObjectNode>valueToTree(contents));
        replace(file, ByteBuffer.wrap((whole + "\n").getBytes(StandardCharsets.UTF_8)), safety);
    }

    /**
     * Reads such a file.
     *
     * @param type of the record
     * @return empty if there is none
     * @throws IOException in one line: it can't be read, is damaged, or has another format
     */
    public static <R extends Record> Optional<R> read(Path file, int format, Class<R> type)
            throws IOException {
        try {
            if (Files.size(file) > LONGEST_JSON) {
                throw new IOException(file + ": longer than this manager ever writes it");
            }
            JsonNode json = RecordJson.MAPPER.readTree(Files.readAllBytes(file));
            if (!json.isObject()) {
                throw new IOException(file + ": damaged: no JSON object");
            }
            int found = json.path(FORMAT).asInt();
            if (found != format) {
                throw new IOException(
                        file + ": format " + found + ", this manager knows " + format);
            }
            return Optional.of(RecordJson.MAPPER.treeToValue(json, type));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonProcessingException e) {
            String reason = e.getOriginalMessage().lines().findFirst().orElse("no JSON");
            throw new IOException(file + ": damaged: " + reason, e);
        }
    }
}
