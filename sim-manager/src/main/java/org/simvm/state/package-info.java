// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Files that outlive their process: {@link org.simvm.state.StateFile} replaces one so that a crash
 * at any moment leaves the old one or the new one, whole, and knows JSON of one format;
 * {@link org.simvm.state.LineFiles} mends a log that a crash cut off within a line.
 */
package org.simvm.state;
