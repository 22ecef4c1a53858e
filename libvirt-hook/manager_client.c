/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include "manager_client.h"

#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define MAX_ANSWER 1024

int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int wait_ready(int fd, short events, int64_t deadline_ms)
{
	for (;;) {
		struct pollfd poll_fd = { .fd = fd, .events = events };
		int64_t left = deadline_ms - now_ms();
		int count;

		if (left <= 0)
			return 0;
		count = poll(&poll_fd, 1, (int)left);
		if (count >= 0 || errno != EINTR)
			return count;
	}
}

static enum manager_answer unreachable(char *line, size_t line_size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static enum manager_answer unreachable(char *line, size_t line_size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	vsnprintf(line, line_size, format, arguments);
	va_end(arguments);
	return MANAGER_UNREACHABLE;
}

/* 1: connected, 0: too late, -1: errno says why. */
static int connect_within(int fd, const struct sockaddr_un *address, int64_t deadline_ms)
{
	for (;;) {
		if (connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0)
			return 1;
		/* A full backlog: a Unix socket can't be polled for that, so retry soon. */
		if (errno != EAGAIN && errno != EINTR)
			return -1;
		if (now_ms() + 5 >= deadline_ms)
			return 0;
		nanosleep(&(struct timespec){ .tv_nsec = 5000000 }, NULL);
	}
}

/* 1: sent, 0: too late, -1: errno says why. */
static int send_within(int fd, const char *bytes, size_t length, int64_t deadline_ms)
{
	while (length > 0) {
		ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

		if (sent > 0) {
			bytes += sent;
			length -= (size_t)sent;
		} else if (errno == EAGAIN) {
			int ready = wait_ready(fd, POLLOUT, deadline_ms);

			if (ready <= 0)
				return ready;
		} else if (errno != EINTR) {
			return -1;
		}
	}
	return 1;
}

/*
 * Reads up to a newline or the end; the newline is cut off. 1: a whole line, 0: too late, -1: none.
 */
static int receive_line(int fd, char *text, size_t size, int64_t deadline_ms)
{
	size_t used = 0;

	for (;;) {
		ssize_t got;
		int ready = wait_ready(fd, POLLIN, deadline_ms);
		char *newline;

		if (ready <= 0)
			return ready;
		got = recv(fd, text + used, size - 1 - used, 0);
		if (got < 0 && (errno == EINTR || errno == EAGAIN))
			continue;
		if (got <= 0)
			return -1;
		used += (size_t)got;
		text[used] = '\0';
		newline = memchr(text, '\n', used);
		if (newline) {
			*newline = '\0';
			return 1;
		}
		if (used == size - 1)
			return -1;
	}
}

static void make_printable(char *line)
{
	for (; *line; line++)
		if ((unsigned char)*line < 0x20 || *line == 0x7f)
			*line = '?';
}

static enum manager_answer converse(int fd, int64_t deadline_ms, const char *head, const char *name,
				    const char *xml, size_t xml_length, char *line,
				    size_t line_size)
{
	char answer[MAX_ANSWER];
	int done = send_within(fd, head, strlen(head), deadline_ms);

	if (done > 0)
		done = send_within(fd, name, strlen(name), deadline_ms);
	if (done > 0)
		done = send_within(fd, xml, xml_length, deadline_ms);
	/*
	 * A manager that refuses early may close before it has read all: its answer still counts.
	 */
	if (done > 0 || (done < 0 && errno == EPIPE))
		done = receive_line(fd, answer, sizeof(answer), deadline_ms);
	if (done == 0)
		return unreachable(line, line_size, "sim-manager did not answer in time");
	if (done < 0)
		return unreachable(line, line_size,
				   "sim-manager closed the connection without an answer");
	make_printable(answer);
	if (strcmp(answer, "ok") == 0)
		return MANAGER_OK;
	if (strncmp(answer, "refuse ", 7) != 0 && strncmp(answer, "forbid ", 7) != 0)
		return unreachable(
			line, line_size,
			"sim-manager's answer is not understood; is its version the hook's?");
	snprintf(line, line_size, "%s", answer + 7);
	return answer[0] == 'f' ? MANAGER_FORBIDS : MANAGER_REFUSES;
}

enum manager_answer ask_manager(const char *socket_path, int64_t deadline_ms, const char *operation,
				const char *sub_operation, const char *name, const char *xml,
				size_t xml_length, char *line, size_t line_size)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	enum manager_answer answer;
	char head[256];
	int fd, connected;

	line[0] = '\0';
	if (strlen(socket_path) >= sizeof(address.sun_path))
		return unreachable(line, line_size, "socket path is too long: %s", socket_path);
	strcpy(address.sun_path, socket_path);
	if ((size_t)snprintf(head, sizeof(head), "hook %s %s %zu %zu\n", operation, sub_operation,
			     strlen(name), xml_length) >= sizeof(head))
		return unreachable(line, line_size, "libvirt's hook arguments are too long");
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return unreachable(line, line_size, "can't make a socket: %s", strerror(errno));
	connected = connect_within(fd, &address, deadline_ms);
	if (connected > 0)
		answer = converse(fd, deadline_ms, head, name, xml, xml_length, line, line_size);
	else if (connected == 0)
		answer = unreachable(line, line_size,
				     "sim-manager did not take the connection in time");
	else
		answer = unreachable(line, line_size, "sim-manager is not reachable at %s (%s)",
				     socket_path, strerror(errno));
	close(fd);
	return answer;
}
