/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starts sim-monitor-process as the manager does, and calls it as QEMU does. */
#ifndef SIM_TEST_SERVER_H
#define SIM_TEST_SERVER_H

#include <stdbool.h>
#include <sys/types.h>

#include "../check.h"
#include "process_region.h"

/* How long anything here may take, in seconds. */
#define TIMEOUT 10

extern struct test_region region;
extern char said[4096]; /* what the last process wrote to its standard streams */

/* The program to test, and the ELF files that fresh() puts into the region. */
void server_use(const char *program, const char *core, const char *monitor);

/* Makes the region anew. */
void fresh(void);

/* Starts the program; returns when it serves or has ended, which the end of its streams tells. */
pid_t start(char *const words[]);

/* Starts it for the region, on behalf of the process `qemu`. */
pid_t start_served(pid_t qemu);

/* Waits for the end of a process and returns its status; stop() kills it before. */
int wait_end(pid_t child);
void stop(pid_t child);

/* Makes a call as a vCPU of QEMU does; false if no answer came in `seconds`. */
bool call_slot(unsigned index, const struct sim_call *call, int seconds);

/* The tests of a region and of arguments that the process must refuse. */
void refusal_tests(void);

#endif
