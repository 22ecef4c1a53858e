// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.qmp;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

import java.util.ArrayDeque;
import java.util.Queue;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * Both ends of a QMP connection without a socket or a thread: a command is carried out, and an
 * event delivered, on the thread that sends it, before the call returns.
 */
public final class ScriptedQmpConnection implements ScriptedQmp, QmpConnection {
    private final Commands commands;
    private final LongSupplier nanoTime;
    private final Queue<Consumer<QmpListener>> early = new ArrayDeque<>();
    private QmpListener listener;
    private String closed;

    public ScriptedQmpConnection(LongSupplier nanoTime, Commands commands) {
        this.commands = commands;
        this.nanoTime = nanoTime;
    }

    /** Returns the manager's end. */
    public SimDevice device() {
        return new SimDevice(this);
    }

    @Override
    public JsonNode execute(String command, ObjectNode arguments) throws QmpException {
        if (closed != null) {
            throw new QmpException.Closed(closed, null);
        }
        try {
            JsonNode answer = commands.execute(command, arguments);
            if (closed != null) {
                throw new QmpException.Closed(closed, null);
            }
            return answer;
        } catch (CommandError e) {
            throw new QmpException.Refused(command, "GenericError", e.getMessage());
        }
    }

    @Override
    public void listen(QmpListener newListener) {
        listener = newListener;
        early.forEach(event -> event.accept(newListener));
        early.clear();
    }

    @Override
    public void emit(String event, ObjectNode data) {
        if (closed == null) {
            deliver(to -> to.event(new QmpEvent(event, data, nanoTime.getAsLong())));
        }
    }

    private void deliver(Consumer<QmpListener> event) {
        if (listener == null) {
            early.add(event);
        } else {
            event.accept(listener);
        }
    }

    @Override
    public void close() {
        if (closed == null) {
            closed = "the QMP connection was closed";
            deliver(to -> to.closed(closed));
        }
    }
}
