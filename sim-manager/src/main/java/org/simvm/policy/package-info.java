// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Turns violations and findings into actions, as a domain's policy says.
 *
 * <p>{@link org.simvm.policy.Policy} decides, with a rate limit against guests that break the same
 * rule all day; {@link org.simvm.policy.Actions} is what it may ask for, and the daemon carries it
 * out with libvirt. So nothing that reads guest memory ever acts on the host by itself.
 */
package org.simvm.policy;
