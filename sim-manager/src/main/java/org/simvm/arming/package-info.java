// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Arms a guest at each of its boots, from outside and with nothing installed in it.
 *
 * <p>The story of one boot, as {@link org.simvm.arming.DomainArming} tells it:
 *
 * <ol>
 *   <li><b>Boot stop.</b> The guest stands after its first write of {@code MSR_LSTAR}. Its RAM is
 *       mapped read-only, its kernel is resolved, the hooks' sites are found, and the hooked
 *       functions' entries in {@code __mcount_loc} are zeroed, so that ftrace never claims a site.
 *       The guest goes on.
 *   <li><b>Preparing.</b> While it runs, the region gets its final contents.
 *   <li><b>Hook stop</b>, before the first {@code kernel_execve}: no user program has run. One
 *       plan, all or nothing, maps the gates and writes the hooks. The guest goes on, and the
 *       monitors see it.
 *   <li><b>Baseline stop</b>, before {@code run_init_process}: the kernel's text is read-only by
 *       now. The baseline is recorded, the hooks are sealed, the guest goes on for good.
 * </ol>
 *
 * <p>The manager writes guest memory through QEMU alone, and each write names the bytes that must
 * be there before. A reset at any moment abandons what is under way and starts again with another
 * random layout. Whatever goes wrong is one {@link org.simvm.arming.ArmingFailure}.
 */
package org.simvm.arming;
