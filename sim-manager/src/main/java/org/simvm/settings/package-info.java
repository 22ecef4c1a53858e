// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Configuration of the host and settings of a domain, as immutable records.
 *
 * <p>The ground floor: every other package may use these records, and this package uses none of
 * theirs. Two texts come in. The {@code <sim:sim>} element of a domain's XML is read by
 * {@link org.simvm.settings.SimSettingsReader}, which validates it against the schema of the module
 * {@code domain-xml-schemas} and answers {@link org.simvm.settings.SimSettings}. The files under
 * {@code /etc/sim-manager} are read by {@link org.simvm.settings.ManagerSettingsReader}. Both tell
 * all mistakes at once, each as a {@link org.simvm.settings.Problem}: what is wrong, where, and
 * what to do about it.
 *
 * <p>Domain XML may come from a tenant: it is parsed without document types, entities or any access
 * to files or network. The types of JAXB and Commons Configuration end here.
 */
package org.simvm.settings;
