// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Compares an armed guest with what it was when it was armed, again and again.
 *
 * <p>{@link org.simvm.integrity.GuestChecks} records a baseline while the guest stands before its
 * first program, and from then on checks against it while the guest runs:
 * {@link org.simvm.settings.IntegrityCheck} lists the checks. Some compare with a copy or a digest
 * ({@code MemoryCopy}, {@code SegmentCheck}, {@code TableCheck}), where the kernel patches itself
 * with what may stand there ({@code PatchSiteVerifier}); some follow the guest's own lists and
 * judge by rules ({@code CallTargetCheck}, {@code CredentialCheck}) or by what a monitor saw
 * ({@link org.simvm.integrity.ProcessRecord}). {@link org.simvm.integrity.CheckScheduler} says
 * when, with Quartz behind it: one job for each domain, never two rounds of one domain at once. A
 * round ends in a {@link org.simvm.integrity.CheckReport}, and what is wrong in it is a
 * {@link org.simvm.integrity.Finding}; what is then done is {@code policy}'s to say.
 *
 * <p>Memory is read through the mapping of guest RAM, without pausing the guest. Pages move under
 * the reader, so whatever looks wrong and rests on tables that a running kernel may change is
 * looked at again before it becomes a finding.
 */
package org.simvm.integrity;
