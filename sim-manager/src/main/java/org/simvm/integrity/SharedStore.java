// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.integrity;

import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Proxy;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.List;
import java.util.function.Predicate;
import org.quartz.TriggerKey;
import org.quartz.impl.jdbcjobstore.DriverDelegate;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.impl.jdbcjobstore.NoSuchDelegateException;

/**
 * A database of schedules that several managers share, each of which takes the rounds of its own
 * domains alone: a guest's memory is on one host. Quartz's own store would give a round to
 * whichever manager asks first. Public because Quartz makes it by its name.
 */
@SuppressWarnings("unchecked") // Quartz overrides a generic method with a raw one
public final class SharedStore extends JobStoreTX {
    private static final String DUE = "selectTriggerToAcquire";
    /** Due triggers that are looked at; those of others may be due before ours. */
    private static final int MOST_DUE = 10_000;

    private static final int DUE_ARGUMENTS =
            4; // connection, not later than, not earlier than, how many

    private Predicate<TriggerKey> served = key -> false;
    private DriverDelegate filtered;

    /** Makes a store that serves nobody yet. */
    public SharedStore() {
        // Quartz sets what the configuration says, property by property.
    }

    /** Tells which triggers to take; before the scheduler is started. */
    void serve(Predicate<TriggerKey> triggers) {
        served = triggers;
    }

    /** Returns Quartz's delegate for the database, but with this manager's due triggers alone. */
    @Override
    protected synchronized DriverDelegate getDelegate() throws NoSuchDelegateException {
        if (filtered == null) {
            DriverDelegate delegate = super.getDelegate();
            filtered = (DriverDelegate) Proxy.newProxyInstance(
                    SharedStore.class.getClassLoader(),
                    new Class<?>[] {DriverDelegate.class},
                    (proxy, method, arguments) -> {
                        try {
                            return method.getName().equals(DUE) && arguments.length == DUE_ARGUMENTS
                                    ? due(delegate, arguments)
                                    : method.invoke(delegate, arguments);
                        } catch (InvocationTargetException e) {
                            throw e.getCause();
                        }
                    });
        }
        return filtered;
    }

    private List<TriggerKey> due(DriverDelegate delegate, Object[] arguments) throws SQLException {
        List<TriggerKey> all = delegate.selectTriggerToAcquire(
                (Connection) arguments[0], (long) arguments[1], (long) arguments[2], MOST_DUE);
        return all.stream()
                .filter(served)
                .limit((int) arguments[DUE_ARGUMENTS - 1])
                .toList();
    }
}
