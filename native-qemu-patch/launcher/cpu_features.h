/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cpu_features: what a guest under SIM must not have of its CPU.
 */
#ifndef CPU_FEATURES_H
#define CPU_FEATURES_H

#include <stdbool.h>
#include <stddef.h>

/* Most arguments that cpu_features_hide() adds. */
#define CPU_FEATURES_MAX_ARGUMENTS 2

/* Whether the command line has KVM run the guest, and nothing else if there is no KVM. */
bool cpu_features_on_kvm(int argc, char **argv);

/*
 * Hides features from a guest of KVM: in the value of -cpu, which is replaced in argv, or if there is none
 * by up to CPU_FEATURES_MAX_ARGUMENTS more arguments. Returns how many those are, or -1 if memory is short.
 */
int cpu_features_hide(int argc, char **argv, char *more[CPU_FEATURES_MAX_ARGUMENTS]);

/* Whether the guest's memory is to be encrypted (SEV, SEV-SNP, TDX), so that nobody else can read it. */
bool cpu_features_encrypted(int argc, char **argv);

#endif
