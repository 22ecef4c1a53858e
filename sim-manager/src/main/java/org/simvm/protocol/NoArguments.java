// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/** The arguments of a verb that takes none. */
public record NoArguments() {}
