// SPDX-License-Identifier: GPL-2.0-or-later
/**
 * Records as JSON: {@link org.simvm.json.RecordJson} has Jackson read and write them by what their
 * types say, so that none needs an annotation. Files of state and the control socket's lines are
 * such records.
 */
package org.simvm.json;
