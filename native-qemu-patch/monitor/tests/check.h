/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The tests' assertions: the first that fails ends the program, with file and line. */
#ifndef SIM_TEST_CHECK_H
#define SIM_TEST_CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                               \
		}                                                                              \
	} while (0)
#define CHECK_EQUAL(expected, actual)                                                       \
	do {                                                                                \
		uint64_t expected_ = (uint64_t)(expected), actual_ = (uint64_t)(actual);    \
		if (expected_ != actual_) {                                                 \
			fprintf(stderr, "FAILED %s:%d: %s is %#llx, not %#llx\n", __FILE__, \
				__LINE__, #actual, (unsigned long long)actual_,             \
				(unsigned long long)expected_);                             \
			exit(1);                                                            \
		}                                                                           \
	} while (0)
#define CHECK_TEXT(expected, actual)                                                          \
	do {                                                                                  \
		char *actual_ = (actual);                                                     \
		if (!actual_ || strcmp((expected), actual_) != 0) {                           \
			fprintf(stderr, "FAILED %s:%d: %s is '%s', not '%s'\n", __FILE__,     \
				__LINE__, #actual, actual_ ? actual_ : "(none)", (expected)); \
			exit(1);                                                              \
		}                                                                             \
		free(actual_);                                                                \
	} while (0)
#define TEST(function)                          \
	do {                                    \
		function();                     \
		printf("ok   %s\n", #function); \
		fflush(stdout);                 \
	} while (0)
/* `reason`: why this machine can't run the test. */
#define SKIP(function, reason)                                    \
	do {                                                      \
		printf("ok   %s # SKIP %s\n", #function, reason); \
		fflush(stdout);                                   \
	} while (0)

#endif
