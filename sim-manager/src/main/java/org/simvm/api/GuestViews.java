// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.api;

import java.util.Locale;
import java.util.Optional;
import org.simvm.arming.ArmedGuest;
import org.simvm.arming.StepTime;
import org.simvm.protocol.Address;
import org.simvm.protocol.GuestView;
import org.simvm.protocol.LayoutView;
import org.simvm.region.RegionLayout;
import org.simvm.region.RegionSegment;
import org.simvm.region.View;

/** Armed guests, and where their regions are, as the protocol shows them. */
final class GuestViews {
    private GuestViews() {}

    static GuestView of(ArmedGuest guest) {
        return new GuestView(
                guest.kernel().version(),
                guest.kernel().buildId(),
                guest.kernel().symbolCount(),
                guest.kernel().typeCount(),
                guest.kernelTables().levels(),
                guest.hooks().stream()
                        .map(hook -> new GuestView.Hook(
                                hook.monitor(),
                                hook.declaration().id(),
                                hook.symbol(),
                                new Address(hook.address())))
                        .toList(),
                toMicroseconds(guest.pausedMilliseconds()),
                toMicroseconds(guest.steps().stream()
                        .mapToDouble(StepTime::milliseconds)
                        .sum()),
                guest.steps().stream()
                        .map(step -> new GuestView.Step(
                                step.step(),
                                toMicroseconds(step.milliseconds()),
                                step.guestPaused()))
                        .toList());
    }

    private static double toMicroseconds(double milliseconds) {
        return Math.round(milliseconds * 1000) / 1000.0;
    }

    /** Secret: for root's eyes alone. */
    static LayoutView layout(RegionLayout layout) {
        return new LayoutView(
                new Address(layout.area().base()),
                new Address(layout.area().size()),
                layout.area().pageBits(),
                new Address(layout.gateFrame()),
                layout.segments().stream().map(GuestViews::segment).toList());
    }

    private static LayoutView.Segment segment(RegionSegment segment) {
        Optional<Address> address = Optional.of(new Address(segment.gpa()));
        boolean inProcess = segment.view() == View.PROCESS;
        // Whoever maps the channel chooses an address for it.
        boolean hasAddress = segment.role() != RegionSegment.Role.CHANNEL;
        return new LayoutView.Segment(
                segment.name(),
                segment.role().name().toLowerCase(Locale.ROOT).replace('_', '-'),
                segment.size(),
                segment.view().name().toLowerCase(Locale.ROOT),
                segment.access().toString(),
                inProcess ? Optional.empty() : address,
                inProcess && hasAddress ? address : Optional.empty());
    }
}
