// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.protocol;

/**
 * The answer to {@code resume-checks}.
 *
 * @param resumed whether they were suspended
 */
public record ResumedChecks(boolean resumed) {}
