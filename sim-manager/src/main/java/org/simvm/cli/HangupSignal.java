// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import java.lang.reflect.Proxy;

/**
 * SIGHUP. The one API that Java has for signals, {@code sun.misc.Signal} in
 * {@code jdk.unsupported}, can't be named without a warning of the compiler's that nothing
 * suppresses.
 */
final class HangupSignal {
    private HangupSignal() {}

    /** Has an action run, on a thread of its own, at each SIGHUP from now on. */
    static void handle(Runnable action) {
        try {
            Class<?> signal = Class.forName("sun.misc.Signal");
            Class<?> handler = Class.forName("sun.misc.SignalHandler");
            Object calling = Proxy.newProxyInstance(
                    HangupSignal.class.getClassLoader(),
                    new Class<?>[] {handler},
                    (self, method, arguments) -> {
                        action.run();
                        return null;
                    });
            Object hangup = signal.getConstructor(String.class).newInstance("HUP");
            signal.getMethod("handle", signal, handler).invoke(null, hangup, calling);
        } catch (ReflectiveOperationException e) {
            throw new IllegalStateException("this Java has no signals", e);
        }
    }
}
