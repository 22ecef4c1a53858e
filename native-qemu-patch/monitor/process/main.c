/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * sim-monitor-process: runs a guest's monitors in a process on the host (gate exit).
 *
 *	sim-monitor-process --region PATH --dispatch ADDRESS --direct-map ADDRESS
 *		--ram GPA:SIZE:OFFSET:PATH [--ram ...] [--qemu PID]
 *
 * Maps the region and guest RAM as the monitors know them from the SIM view, gives
 * up every right, writes its process id into the call channel, closes the
 * standard streams and serves. Ends when QEMU has ended. What is wrong with its
 * arguments or the region is one line on stderr, and status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "process.h"

/* A handle that becomes readable when the process ends. */
static int watch_open(int32_t process)
{
	int handle = (int)syscall(SYS_pidfd_open, process, 0);

	if (handle < 0)
		fail("--qemu %d: no such process can be watched: %s", process, strerror(errno));
	return handle;
}

int main(int count, char **words)
{
	struct arguments arguments = arguments_parse(count, words);
	struct region region;
	struct pollfd qemu = { .fd = -1, .events = POLLIN };

	/* It outlives who started it, and his terminal. */
	setsid();
	signal(SIGHUP, SIG_IGN);
	if (arguments.qemu)
		qemu.fd = watch_open(arguments.qemu);
	region = region_map(&arguments);
	if (chdir("/"))
		fail("/ can't be entered: %s", strerror(errno));
	drop_capabilities();
	serve_prepare(&region);
	confine();
	serve_begin();
	close(STDIN_FILENO);
	close(STDOUT_FILENO);
	close(STDERR_FILENO);
	while (poll(&qemu, 1, -1) != 1 || !(qemu.revents & POLLIN))
		;
	_exit(0);
}
