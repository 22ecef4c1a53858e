/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * manager-double SOCKET LOG BEHAVIOUR: plays the manager for the hook's tests. Every question is
 * appended to LOG as "OP SUBOP NAME XML-LENGTH FIRST-BYTE LAST-BYTE". Behaviours: ok refuse forbid
 * garbage long close silent trickle early
 */
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static void serve(int fd, FILE *log, const char *behaviour)
{
	char operation[32], sub_operation[32], *name, *xml;
	size_t name_length, xml_length;
	FILE *in;

	if (strcmp(behaviour, "early") == 0) {
		dprintf(fd, "refuse not now\n");
		return;
	}
	in = fdopen(dup(fd), "r");
	if (fscanf(in, "hook %31s %31s %zu %zu", operation, sub_operation, &name_length,
		   &xml_length) != 4 ||
	    fgetc(in) != '\n' || name_length > 4096 || xml_length > (64u << 20)) {
		fprintf(log, "malformed\n");
		fclose(in);
		return;
	}
	name = calloc(1, name_length + 1);
	xml = calloc(1, xml_length + 1);
	if (fread(name, 1, name_length, in) == name_length &&
	    fread(xml, 1, xml_length, in) == xml_length)
		fprintf(log, "%s %s %s %zu %c %c\n", operation, sub_operation, name, xml_length,
			xml[0], xml[xml_length - 2]);
	fflush(log);
	fclose(in);
	free(name);
	free(xml);
	if (strcmp(behaviour, "ok") == 0)
		dprintf(fd, "ok\n");
	else if (strcmp(behaviour, "forbid") == 0)
		dprintf(fd, "forbid demo:4:5: unknown attribute requird on <sim>\n");
	else if (strcmp(behaviour, "refuse") == 0)
		dprintf(fd, "refuse unknown monitor 'x'; see virt-sim check\n");
	else if (strcmp(behaviour, "garbage") == 0)
		dprintf(fd, "\x01what\n");
	else if (strcmp(behaviour, "long") == 0)
		for (int i = 0; i < 5000; i++)
			dprintf(fd, "refuse ");
	else if (strcmp(behaviour, "silent") == 0)
		sleep(30);
	else if (strcmp(behaviour, "trickle") == 0)
		for (int i = 0; i < 300 && dprintf(fd, "x") == 1; i++)
			usleep(100000);
}

int main(int argc, char **argv)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int listener = socket(AF_UNIX, SOCK_STREAM, 0);
	FILE *log;

	if (argc != 4 || strlen(argv[1]) >= sizeof(address.sun_path))
		return 2;
	signal(SIGPIPE, SIG_IGN);
	log = fopen(argv[2], "a");
	strcpy(address.sun_path, argv[1]);
	unlink(argv[1]);
	if (!log || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 16))
		return 1;
	for (;;) {
		int fd = accept(listener, NULL, NULL);

		if (fd < 0)
			return 1;
		serve(fd, log, argv[3]);
		fflush(log);
		close(fd);
	}
}
