// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.outlets;

import com.cloudbees.syslog.Facility;
import com.cloudbees.syslog.MessageFormat;
import com.cloudbees.syslog.SDElement;
import com.cloudbees.syslog.Severity;
import com.cloudbees.syslog.SyslogMessage;
import com.cloudbees.syslog.sender.AbstractSyslogMessageSender;
import com.cloudbees.syslog.sender.TcpSyslogMessageSender;
import com.cloudbees.syslog.sender.UdpSyslogMessageSender;

import java.io.IOException;
import java.net.URI;
import java.util.Date;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;

/**
 * Sends notices to a syslog server as RFC 5424 says: over UDP a datagram each, over TCP and TLS
 * with their length in front (RFC 5425 and 6587). The facility is {@code authpriv}, {@code MSGID}
 * the kind, and the plain values of the details are structured data of the element
 * {@code sim@32473}.
 *
 * <p>Syslog has no receipts: what a receiver had not read when it died is lost. Where that matters
 * use the webhook.
 */
final class SyslogTransport implements Transport {
    /** RFC 5424 keeps this enterprise number for documents; there is none of this project's own. */
    private static final String ELEMENT = "sim@32473";

    private static final int LONGEST_VALUE = 1024;
    private static final int LONGEST_TEXT = 8192;
    private static final int LONGEST_DATAGRAM = 2048;
    private static final int CONNECT_TIMEOUT_MS = 5000;

    private final URI server;
    private final boolean datagrams;
    private final AbstractSyslogMessageSender sender;

    SyslogTransport(URI server) {
        this.server = server;
        this.datagrams = server.getScheme().equals("udp");
        String host = server.getHost().replaceAll("[\\[\\]]", "");
        if (datagrams) {
            UdpSyslogMessageSender udp = new UdpSyslogMessageSender();
            udp.setSyslogServerHostname(host);
            udp.setSyslogServerPort(server.getPort());
            sender = udp;
        } else {
            TcpSyslogMessageSender tcp = new TcpSyslogMessageSender();
            tcp.setSyslogServerHostname(host);
            tcp.setSyslogServerPort(server.getPort());
            tcp.setSsl(server.getScheme().equals("tls"));
            tcp.setSocketConnectTimeoutInMillis(CONNECT_TIMEOUT_MS);
            tcp.setPostfix(""); // the length in front is the frame
            sender = tcp;
        }
        sender.setMessageFormat(datagrams ? MessageFormat.RFC_5424 : MessageFormat.RFC_5425);
    }

    @Override
    public String receiver() {
        return "syslog at " + server;
    }

    @Override
    public Delivery deliver(List<Spool.Entry> entries) throws IOException {
        int taken = 0;
        int refused = 0;
        for (Spool.Entry entry : entries) {
            Optional<ShownNotice> notice = ShownNotice.of(entry.line());
            if (notice.isEmpty()) {
                refused++;
            } else {
                try {
                    sender.sendMessage(message(notice.get(), datagrams));
                } catch (IOException e) {
                    if (taken > 0) {
                        return new Delivery(taken, refused);
                    }
                    throw e;
                }
            }
            taken++;
        }
        return new Delivery(taken, refused);
    }

    static SyslogMessage message(ShownNotice notice, boolean datagram) {
        SDElement element = new SDElement(ELEMENT);
        int left = datagram ? LONGEST_DATAGRAM / 2 : LONGEST_TEXT;
        for (Map.Entry<String, String> each : notice.fields().entrySet()) {
            String value = cut(each.getValue().replaceAll("\\p{Cntrl}+", " "), LONGEST_VALUE);
            left -= each.getKey().length() + 4 + 2 * value.length();
            if (left > 0) {
                element.addSDParam(each.getKey(), value);
            }
        }
        return new SyslogMessage()
                .withFacility(Facility.AUTHPRIV)
                .withSeverity(Severity.fromNumericalCode(notice.severity()))
                .withTimestamp(Date.from(notice.time()))
                .withHostname(printable(notice.host()))
                .withAppName("sim-manager")
                .withProcId(Long.toString(ProcessHandle.current().pid()))
                .withMsgId(notice.kind().toUpperCase(Locale.ROOT))
                .withSDElement(element)
                .withMsg(cut(notice.text(), datagram ? LONGEST_DATAGRAM / 4 : LONGEST_TEXT));
    }

    private static String printable(String text) {
        return text.isEmpty() ? "-" : text.replaceAll("[^\\x21-\\x7e]", "?");
    }

    private static String cut(String text, int length) {
        return text.length() <= length ? text : text.substring(0, length - 3) + "...";
    }

    @Override
    public void close() throws IOException {
        sender.close();
    }
}
