/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "cpu_features.h"

#include <stdio.h>
#include <string.h>

#include "options.h"

/*
 * Off whatever the model or the domain says: the last value of a property counts. docs/security.md has the
 * reason for each. TCG offers none of them.
 */
#define HIDDEN "pmu=off,arch-lbr=off,intel-pt=off,rtm=off,hle=off,sgx=off,lam=off,fred=off,vmx=off,svm=off"

/* Likewise, of a guest that takes QEMU's default model: the one of these that it could have. */
static const char *const hidden_of_default[CPU_FEATURES_MAX_ARGUMENTS] = {
	"-global", "driver=x86_64-cpu,property=svm,value=off"
};

/* Whether an option's value has this member, `accel=kvm` for one. */
static bool has_member(const char *value, const char *member)
{
	size_t length = strlen(member);

	for (const char *p = value; p; p = strchr(p, ',')) {
		p += *p == ',';
		if (strncmp(p, member, length) == 0 && (p[length] == '\0' || p[length] == ','))
			return true;
	}
	return false;
}

bool cpu_features_on_kvm(int argc, char **argv)
{
	for (int i = 1; i < argc; i++) {
		if (is_option(argv[i], "enable-kvm"))
			return true;
		if (i + 1 == argc)
			break;
		if (is_option(argv[i], "accel") && (has_member(argv[i + 1], "kvm") || has_member(argv[i + 1], "accel=kvm")))
			return true;
		if ((is_option(argv[i], "machine") || is_option(argv[i], "M")) && has_member(argv[i + 1], "accel=kvm"))
			return true;
	}
	return false;
}

int cpu_features_hide(int argc, char **argv, char *more[CPU_FEATURES_MAX_ARGUMENTS])
{
	bool found = false;

	for (int i = 1; i + 1 < argc; i++) {
		if (!is_option(argv[i], "cpu"))
			continue;
		i++;
		if (asprintf(&argv[i], "%s,%s", argv[i], HIDDEN) < 0)
			return -1;
		found = true;
	}
	if (found)
		return 0;
	for (int i = 0; i < CPU_FEATURES_MAX_ARGUMENTS; i++)
		more[i] = (char *)hidden_of_default[i];
	return CPU_FEATURES_MAX_ARGUMENTS;
}

bool cpu_features_encrypted(int argc, char **argv)
{
	for (int i = 1; i + 1 < argc; i++)
		if ((is_option(argv[i], "machine") || is_option(argv[i], "M")) &&
		    (strstr(argv[i + 1], "confidential-guest-support=") || strstr(argv[i + 1], "memory-encryption=")))
			return true;
	return false;
}
