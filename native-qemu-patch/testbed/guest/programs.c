// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * programs FUNCTION…: attaches BPF programs of the kinds that change the kernel's text, or that it
 * calls by pointer: a filter at a socket, one at the trace point where processes begin, and one at
 * each FUNCTION by a kprobe and by a trampoline (fentry). Lets each of them run, prints
 * `N programs, all have run`, and goes on in the background until it is killed. A kind that this
 * kernel cannot attach is told, and is status 1.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <linux/bpf.h>
#include <linux/btf.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define MOST 64

static int programs[MOST];
static const char *kinds[MOST];
static int count;

static int bpf(int command, union bpf_attr *attr)
{
	return syscall(SYS_bpf, command, attr, sizeof(*attr));
}

static void failed(const char *kind, const char *what)
{
	fprintf(stderr, "programs: %s: %s: %s\n", kind, what, strerror(errno));
	exit(1);
}

/* r0 = 0; exit */
static int load(const char *kind, int type, int attach_type, int function)
{
	static const struct bpf_insn code[] = {
		{ .code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0, .imm = 0 },
		{ .code = BPF_JMP | BPF_EXIT },
	};
	union bpf_attr attr = {
		.prog_type = type,
		.expected_attach_type = attach_type,
		.attach_btf_id = function,
		.insns = (uintptr_t)code,
		.insn_cnt = 2,
		.license = (uintptr_t)"GPL",
	};
	int program = bpf(BPF_PROG_LOAD, &attr);

	if (program < 0 || count == MOST)
		failed(kind, "BPF_PROG_LOAD");
	kinds[count] = kind;
	programs[count++] = program;
	return program;
}

static unsigned long number_in(const char *name)
{
	unsigned long number = 0;
	FILE *file = fopen(name, "r");

	if (!file || fscanf(file, "%lu", &number) != 1)
		failed(name, "read");
	fclose(file);
	return number;
}

static void attach_to_event(const char *kind, int program, struct perf_event_attr *event)
{
	int file = syscall(SYS_perf_event_open, event, -1, 0, -1, 0);

	if (file < 0)
		failed(kind, "perf_event_open");
	if (ioctl(file, PERF_EVENT_IOC_SET_BPF, program) || ioctl(file, PERF_EVENT_IOC_ENABLE, 0))
		failed(kind, "PERF_EVENT_IOC_SET_BPF");
}

/*
 * The number of a function's type (Documentation/bpf/btf.rst): types follow each other, each with
 * more words behind it.
 */
static int function_type(const char *name)
{
	int file = open("/sys/kernel/btf/vmlinux", O_RDONLY), id = 0;
	const struct btf_header *header;
	const struct btf_type *type;
	const char *texts, *end;
	size_t have = 0;
	struct stat about;
	char *all;
	ssize_t got;

	if (file < 0 || fstat(file, &about))
		failed("/sys/kernel/btf/vmlinux", "open");
	all = malloc(about.st_size);
	while ((got = read(file, all + have, about.st_size - have)) > 0)
		have += got;
	close(file);
	header = (const void *)all;
	texts = all + header->hdr_len + header->str_off;
	type = (const void *)(all + header->hdr_len + header->type_off);
	for (end = (const char *)type + header->type_len; (const char *)type < end;) {
		unsigned int n = BTF_INFO_VLEN(type->info), kind = BTF_INFO_KIND(type->info);
		size_t more =
			kind == BTF_KIND_INT || kind == BTF_KIND_VAR || kind == BTF_KIND_DECL_TAG ?
				4 :
			kind == BTF_KIND_ARRAY ? sizeof(struct btf_array) :
			kind == BTF_KIND_STRUCT || kind == BTF_KIND_UNION ?
						 n * sizeof(struct btf_member) :
			kind == BTF_KIND_ENUM || kind == BTF_KIND_FUNC_PROTO ||
					kind == BTF_KIND_DATASEC ?
						 n * (kind == BTF_KIND_DATASEC ? 12 : 8) :
			kind == BTF_KIND_ENUM64 ? n * 12 :
						  0;

		id++;
		if (kind == BTF_KIND_FUNC && !strcmp(texts + type->name_off, name)) {
			free(all);
			return id;
		}
		type = (const void *)((const char *)(type + 1) + more);
	}
	errno = ENOENT;
	failed(name, "its type");
	return 0;
}

static void filter(int sockets[2])
{
	int program = load("filter", BPF_PROG_TYPE_SOCKET_FILTER, 0, 0);

	if (socketpair(AF_UNIX, SOCK_DGRAM, 0, sockets) ||
	    setsockopt(sockets[1], SOL_SOCKET, SO_ATTACH_BPF, &program, sizeof(program)))
		failed("filter", "SO_ATTACH_BPF");
}

static void trace_point(void)
{
	struct perf_event_attr event = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(event),
		.sample_period = 1,
		.config = number_in("/sys/kernel/tracing/events/sched/sched_process_fork/id"),
	};

	attach_to_event("trace point", load("trace point", BPF_PROG_TYPE_TRACEPOINT, 0, 0), &event);
}

static void kprobe(const char *function)
{
	struct perf_event_attr event = {
		.type = number_in("/sys/bus/event_source/devices/kprobe/type"),
		.size = sizeof(event),
		.sample_period = 1,
		.kprobe_func = (uintptr_t)function,
	};

	attach_to_event("kprobe", load("kprobe", BPF_PROG_TYPE_KPROBE, 0, 0), &event);
}

static void trampoline(const char *function)
{
	int program = load("trampoline", BPF_PROG_TYPE_TRACING, BPF_TRACE_FENTRY,
			   function_type(function));
	union bpf_attr attr = { .raw_tracepoint.prog_fd = program };

	if (bpf(BPF_RAW_TRACEPOINT_OPEN, &attr) < 0)
		failed("trampoline", function);
}

static bool has_run(int program)
{
	struct bpf_prog_info info = { 0 };
	union bpf_attr attr = { .info.bpf_fd = program,
				.info.info_len = sizeof(info),
				.info.info = (uintptr_t)&info };

	if (bpf(BPF_OBJ_GET_INFO_BY_FD, &attr))
		failed("program", "BPF_OBJ_GET_INFO_BY_FD");
	return info.run_cnt > 0;
}

int main(int argc, char **argv)
{
	union bpf_attr counted = { .enable_stats.type = BPF_STATS_RUN_TIME };
	cpu_set_t first;
	bool all = true;
	int sockets[2];

	/* Events are of one CPU: what they watch has to be done there. */
	CPU_ZERO(&first);
	CPU_SET(0, &first);
	sched_setaffinity(0, sizeof(first), &first);
	if (bpf(BPF_ENABLE_STATS, &counted) < 0)
		failed("all", "BPF_ENABLE_STATS");
	filter(sockets);
	trace_point();
	for (int i = 1; i < argc; i++) {
		kprobe(argv[i]);
		trampoline(argv[i]);
	}
	for (int tries = 0; tries < 100; tries++) {
		if (write(sockets[0], "", 1) < 0 && errno != EPERM)
			failed("filter", "write");
		if (fork() == 0)
			_exit(0);
		wait(NULL);
		usleep(1000);
	}
	for (int i = 0; i < count; i++) {
		if (!has_run(programs[i])) {
			printf("the %s (%d) has not run\n", kinds[i], i);
			all = false;
		}
	}
	if (!all)
		return 1;
	printf("%d programs, all have run\n", count);
	fflush(stdout);
	if (fork() == 0) {
		close(0);
		close(1);
		close(2);
		for (;;)
			pause();
	}
	return 0;
}
