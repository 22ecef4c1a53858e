// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * {@code virt-sim}: the command line.
 *
 * <p>{@link org.simvm.cli.VirtSim} is the program; each verb is a class. Most verbs ask the running
 * manager over its control socket; {@code validate}, {@code transform} and {@code host-validate}
 * work without one; {@code daemon} is the manager itself. Exit status: 0 all is well, 1 failure, 2
 * wrong usage, 3 a violation of integrity was found. One line on stderr says what is wrong and the
 * next step. Colours and tables are for people at a terminal; {@code --output json} is for
 * programs.
 */
package org.simvm.cli;
