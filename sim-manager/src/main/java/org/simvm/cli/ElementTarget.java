// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;

/** Which of a domain's copies of the element is changed, as virsh's --live and --config say. */
final class ElementTarget {
    private ElementTarget() {}

    static void put(ObjectNode request, boolean live, boolean config) {
        request.put("live", live).put("persistent", config || !live);
    }
}
