/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the manager over its socket (docs/interfaces.md, section 5), within a time limit.
 */
#ifndef SIM_MANAGER_CLIENT_H
#define SIM_MANAGER_CLIENT_H

#include <stddef.h>
#include <stdint.h>

enum manager_answer {
	MANAGER_OK,
	MANAGER_REFUSES,    /* line: why */
	MANAGER_FORBIDS,    /* the same, whether the domain requires SIM or not */
	MANAGER_UNREACHABLE /* line: what went wrong */
};

/* Monotonic milliseconds. */
int64_t now_ms(void);

/*
 * Waits until fd is ready for poll's events, at most until the deadline. 1: ready, 0: too late, -1:
 * error.
 */
int wait_ready(int fd, short events, int64_t deadline_ms);

/* One question, one answer; line (line_size bytes) is always a single printable line. */
enum manager_answer ask_manager(const char *socket_path, int64_t deadline_ms, const char *operation,
				const char *sub_operation, const char *name, const char *xml,
				size_t xml_length, char *line, size_t line_size);

#endif
