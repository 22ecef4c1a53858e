// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * What daemon and command line say to each other on the control socket: a record for the arguments
 * of each verb and for each of its answers.
 *
 * <p>{@link org.simvm.protocol.Verbs} is the table of verbs. {@link org.simvm.protocol.Codec} turns
 * records into lines of JSON and back, and nothing else does; {@code protocol.schema.json} in this
 * package's resources describes those lines for other programs, and a test keeps it up to date.
 * Words of other packages (kinds, actions, names of checks) are text here: a peer shows them and
 * does not act on them. Addresses are hexadecimal strings, sizes are in bytes.
 *
 * <p>A verb is added by its row in {@link org.simvm.protocol.Verbs}, its records, and its handler
 * in {@code org.simvm.api}.
 */
package org.simvm.protocol;
