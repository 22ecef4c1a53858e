// SPDX-License-Identifier: GPL-2.0-or-later
package org.simvm.arming;

/**
 * How far the arming of one boot has come: {@link Waiting}, {@link BootStop}, {@link Located},
 * {@link Planned}, {@link Hooked}, {@link Armed}. Each phase holds what the next one needs, and the
 * step that leads to it.
 */
sealed interface BootPhase
        permits BootPhase.Waiting,
                BootStop,
                Located,
                Planned,
                Hooked,
                BootPhase.Armed,
                BootPhase.Unaccounted,
                BootPhase.Failed {
    ArmingState state();

    /** The guest has not written {@code MSR_LSTAR}. */
    record Waiting() implements BootPhase {
        @Override
        public ArmingState state() {
            return ArmingState.WAITING;
        }
    }

    /** Baseline recorded, hooks sealed. */
    record Armed() implements BootPhase {
        @Override
        public ArmingState state() {
            return ArmingState.ARMED;
        }
    }

    /** An earlier manager mapped the gates: events arrive, but this one knows of no baseline. */
    record Unaccounted() implements BootPhase {
        @Override
        public ArmingState state() {
            return ArmingState.MAPPED;
        }
    }

    /**
     * The boot can't be armed.
     *
     * @param reached the state before
     */
    record Failed(ArmingState reached) implements BootPhase {
        @Override
        public ArmingState state() {
            return ArmingState.FAILED;
        }
    }
}
