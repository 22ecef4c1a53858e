// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Arms a guest at each of its boots, from outside and with nothing installed in it.
 *
 * <p>The story of one boot, as {@link org.simvm.arming.BootArming} carries it out, each step in the
 * phase that it starts from:
 *
 * <ol>
 *   <li>{@link org.simvm.arming.BootStop Boot stop}. The guest is paused after its first write of
 *       {@code MSR_LSTAR}. Its RAM is mapped read-only, its kernel is resolved, the hooks' sites
 *       are found, and the hooked functions' entries in {@code __mcount_loc} are zeroed, so that
 *       ftrace never claims a site. The guest is resumed.
 *   <li>{@link org.simvm.arming.Located Preparing}. While it runs, the region gets its final
 *       contents.
 *   <li>{@link org.simvm.arming.Planned Hook stop}, before the first {@code kernel_execve}: no user
 *       program has run. One plan, all or nothing, maps the gates and writes the hooks. The guest
 *       is resumed, and the monitors see it.
 *   <li>{@link org.simvm.arming.Hooked Baseline stop}, before {@code run_init_process}: the
 *       kernel's text is read-only by now. The baseline is recorded, the hooks are sealed, the
 *       guest is resumed for good.
 * </ol>
 *
 * <p>{@link org.simvm.arming.DomainArming} makes one such boot after the other over a
 * {@link org.simvm.arming.GuestConnection} that lasts as long as QEMU. The manager writes guest
 * memory through QEMU alone, and each write names the bytes that must be there before. A reset at
 * any moment drops the boot that is under way, and the next one gets another random layout.
 * Whatever goes wrong is one {@link org.simvm.arming.ArmingFailure}.
 */
package org.simvm.arming;
