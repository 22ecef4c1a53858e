/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Regions and arguments that the process must refuse, in one line. */
#define _GNU_SOURCE
#include <sys/wait.h>
#include <unistd.h>

#include "server.h"

/* One clear line, status 1, and no trace of a server. */
static void expect_refused(pid_t child, const char *with)
{
	int status = wait_end(child);
	const char *line_end = strchr(said, '\n');

	CHECK(WIFEXITED(status) && WEXITSTATUS(status) == 1);
	CHECK(line_end && line_end[1] == '\0');
	if (!strstr(said, with)) {
		fprintf(stderr, "FAILED: said '%s', without '%s'\n", said, with);
		exit(1);
	}
	CHECK(region.channel->process == 0);
}

static void a_damaged_region_is_one_clear_line(void)
{
	fresh();
	region.header->magic[0] = 'X';
	expect_refused(start_served(getpid()), "is no region");
	fresh();
	region.header->abi = 1;
	expect_refused(start_served(getpid()), "of version 1, this program of version 2");
	fresh();
	region.header->gate = SIM_GATE_VMFUNC;
	expect_refused(start_served(getpid()), "for gate 0");
	fresh();
	region.header->segment_count = 65;
	expect_refused(start_served(getpid()), "65 segments");
	fresh();
	region.header->channel = REGION_SIZE - SIM_PAGE_SIZE;
	expect_refused(start_served(getpid()), "call channel");
	fresh();
	region.header->segments[2].offset = ~0xfffull;
	expect_refused(start_served(getpid()), "segment 2 is not in the file");
	fresh();
	region.header->segments[2].gpa = 0x400000; /* where the program itself lies */
	expect_refused(start_served(getpid()), "outside of what the monitor's process may use");
	fresh();
	region.header->segments[2].gpa = region.header->segments[1].gpa;
	expect_refused(start_served(getpid()), "something else lies there");
	fresh();
	region.header->segments[1].access = 7;
	expect_refused(start_served(getpid()), "has access 7");
	fresh();
	region.header->segments[1].view = SIM_VIEW_SIM;
	expect_refused(start_served(getpid()), "of view 2");
	fresh();
	region.dispatch = 0x1e0000000000; /* the ring: no code */
	expect_refused(start_served(getpid()), "in no executable segment");
	fresh();
	region.channel->slot_count = 65;
	expect_refused(start_served(getpid()), "65 slots");
}

/* Random words in the header: either it serves, or it says why not. */
static void any_header_ends_in_service_or_in_a_line(void)
{
	unsigned seed = 7, served = 0, refused = 0;

	for (int round = 0; round < 300; round++) {
		uint64_t *words;
		pid_t child;

		if (round % 25 == 0)
			fresh();
		region.channel->process = 0;
		words = (uint64_t *)region.bytes;
		for (int change = 0; change < 2; change++) {
			size_t at = 1 + (size_t)rand_r(&seed) %
						(8 + 4 * region.header->segment_count % 64);
			uint64_t before = words[at];
			int status;

			words[at] = rand_r(&seed) % 2 ?
					    before ^ 1ull << rand_r(&seed) % 64 :
					    (uint64_t)rand_r(&seed) << rand_r(&seed) % 33;
			child = start_served(getpid());
			if (region.channel->process) {
				CHECK(waitpid(child, &status, WNOHANG) == 0);
				stop(child);
				served++;
			} else {
				expect_refused(child, "sim-monitor-process: ");
				refused++;
			}
			region.channel->process = 0;
			words[at] = before;
		}
	}
	printf("     %u served, %u refused\n", served, refused);
	CHECK(served && refused);
}

static void wrong_arguments_are_one_clear_line(void)
{
	char *const none[] = { "sim-monitor-process", NULL };
	char *const unknown[] = { "sim-monitor-process", "--speed", "1", NULL };
	char *const valueless[] = { "sim-monitor-process", "--region", NULL };
	char *const word[] = { "sim-monitor-process", "--dispatch", "here", NULL };
	char *const ram[] = { "sim-monitor-process", "--ram", "0x0:0x1000:0x0:", NULL };
	char *const odd[] = { "sim-monitor-process", "--ram", "0x1:0x1000:0x0:/f", NULL };
	char *const missing[] = { "sim-monitor-process", "--region",
				  "/nowhere/region",     "--dispatch",
				  "0x110000000800",      "--direct-map",
				  "0x2a0000000000",      "--ram",
				  "0x0:0x1000:0x0:/f",   NULL };

	fresh();
	expect_refused(start(none), "are needed");
	expect_refused(start(unknown), "unknown option --speed");
	expect_refused(start(valueless), "--region: its value is missing");
	expect_refused(start(word), "--dispatch here: not a number");
	expect_refused(start(ram), "no path");
	expect_refused(start(odd), "whole pages");
	expect_refused(start(missing),
		       "/nowhere/region can't be opened: No such file or directory");
}

void refusal_tests(void)
{
	TEST(a_damaged_region_is_one_clear_line);
	TEST(any_header_ends_in_service_or_in_a_line);
	TEST(wrong_arguments_are_one_clear_line);
}
