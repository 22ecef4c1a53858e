// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Files that outlive their process: {@link org.simvm.state.StateFile} replaces one so that a crash
 * at any moment leaves the old one or the new one, whole, and knows JSON of one format;
 * {@link org.simvm.state.LineLog} is a log that rotates and never holds half a line;
 * {@link org.simvm.state.DomainDirectories} says where they are, and
 * {@link org.simvm.state.DomainHistory} what stays of a domain that is not under SIM any more.
 */
package org.simvm.state;
