// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import com.fasterxml.jackson.databind.node.TextNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.simvm.settings.OutletSettings;

/**
 * Posts notices to a receiver: {@code {"version":1,"host":...,"notices":[...]}}, each notice as it
 * lies in the spool.
 *
 * <p>Any status from 200 to 299 says that the receiver has them all. 400, 413 and 422 are about the
 * content: the notices are sent again in smaller parts, and one that is refused alone is dropped
 * and counted. Everything else, redirections included, is tried again later.
 */
final class WebhookTransport implements Transport {
    private static final int OK = 200;
    private static final int REDIRECTION = 300;
    private static final Set<Integer> CONTENT_REFUSED = Set.of(400, 413, 422);
    private static final int LONGEST_SECRET = 4096;

    private final OutletSettings.Webhook settings;
    private final String host;
    private final HttpClient client;

    WebhookTransport(OutletSettings.Webhook settings, String host) {
        this.settings = settings;
        this.host = host;
        this.client = HttpClient.newBuilder()
                .connectTimeout(settings.timeout())
                .followRedirects(HttpClient.Redirect.NEVER)
                .build();
    }

    @Override
    public String receiver() {
        return settings.url().getScheme() + "://"
                + settings.url().getAuthority(); // a path may be as good as a password
    }

    @Override
    public Delivery deliver(List<Spool.Entry> entries) throws IOException, InterruptedException {
        if (ShownNotice.of(entries.get(0).line()).isEmpty()) {
            return new Delivery(1, 1);
        }
        int count = 1;
        while (count < entries.size()
                && ShownNotice.of(entries.get(count).line()).isPresent()) {
            count++;
        }
        while (true) {
            int status = post(body(entries.subList(0, count)));
            if (status >= OK && status < REDIRECTION) {
                return new Delivery(count, 0);
            }
            if (!CONTENT_REFUSED.contains(status)) {
                throw new IOException("HTTP status " + status);
            }
            if (count == 1) {
                return new Delivery(1, 1);
            }
            count /= 2;
        }
    }

    private byte[] body(List<Spool.Entry> entries) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        body.writeBytes(("{\"version\":1,\"host\":" + quoted(host) + ",\"notices\":[")
                .getBytes(StandardCharsets.UTF_8));
        for (int i = 0; i < entries.size(); i++) {
            if (i > 0) {
                body.write(',');
            }
            body.writeBytes(entries.get(i).line());
        }
        body.writeBytes("]}".getBytes(StandardCharsets.US_ASCII));
        return body.toByteArray();
    }

    private static String quoted(String text) {
        return TextNode.valueOf(text).toString();
    }

    private int post(byte[] body) throws IOException, InterruptedException {
        HttpRequest.Builder request = HttpRequest.newBuilder(settings.url())
                .timeout(settings.timeout())
                .header("Content-Type", "application/json")
                .header("User-Agent", "sim-manager")
                .POST(HttpRequest.BodyPublishers.ofByteArray(body));
        if (settings.secret().isPresent()) {
            request.header(
                    "X-SIM-Signature", "sha256=" + signature(settings.secret().get(), body));
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.discarding())
                .statusCode();
    }

    /** The file is read each time: a new secret needs no reload. */
    private static String signature(Path secret, byte[] body) throws IOException {
        byte[] key = Files.readString(secret).strip().getBytes(StandardCharsets.UTF_8);
        if (key.length == 0 || key.length > LONGEST_SECRET) {
            throw new IOException(secret + " holds no secret, or a very long one");
        }
        try {
            Mac mac = Mac.getInstance("HmacSHA256");
            mac.init(new SecretKeySpec(key, "HmacSHA256"));
            return HexFormat.of().formatHex(mac.doFinal(body));
        } catch (GeneralSecurityException e) {
            throw new IllegalStateException("every JDK has HmacSHA256", e);
        }
    }
}
