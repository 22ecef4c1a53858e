// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.daemon;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.LoggerContext;

import org.simvm.settings.ManagerSettings.LogLevel;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Changes how much the running manager says of itself. */
final class LogLevels {
    private LogLevels() {}

    static void set(LogLevel level) {
        if (LoggerFactory.getILoggerFactory() instanceof LoggerContext logback) {
            logback.getLogger(Logger.ROOT_LOGGER_NAME).setLevel(Level.toLevel(level.name()));
        }
    }
}
