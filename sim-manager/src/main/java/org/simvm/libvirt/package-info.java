// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * libvirt: one connection that comes back by itself, its events, and the change of a domain's XML.
 *
 * <p>{@link org.simvm.libvirt.LibvirtConnection} keeps one connection to one URI open, tells a
 * listener what happens as immutable {@link org.simvm.libvirt.LibvirtEvent}s on a thread of its
 * own, and carries out the calls of {@link org.simvm.libvirt.Domains}. Native handles never leave
 * this package: a domain is its UUID. Functions are declared by libvirt-java's JNA layer; what it
 * lacks is added in one small interface. Its classes above that layer are not used, because they
 * free handles on the finalizer thread and make remote calls in {@code equals}.
 *
 * <p>{@link org.simvm.libvirt.DomainTransform} changes a domain's XML, as text, so that the domain
 * runs under SIM, and back. Platforms that create transient domains use it by itself.
 */
package org.simvm.libvirt;
