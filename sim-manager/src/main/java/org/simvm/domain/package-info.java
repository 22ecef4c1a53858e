// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * The states of a domain under SIM, with the order in which they follow each other:
 * {@link org.simvm.domain.DomainState}.
 */
package org.simvm.domain;
