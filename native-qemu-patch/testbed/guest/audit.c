// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Linux audit in a guest, as auditd would have it, but for what auditd does with a record: this
 * throws it away.
 *
 *   audit start NUMBER...   `-a always,exit -F arch=b64 -S NUMBER,...`; goes on in the background
 *                           as the daemon that the kernel sends its records to, and returns when
 *                           it does
 *   audit stop              ends it: the rule is deleted, audit is off; prints `records N, lost N`
 *
 * The kernel's side is in linux/audit.h: one netlink message sets the rule, another names the
 * daemon.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <linux/audit.h>
#include <linux/netlink.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

#define PID_FILE "/tmp/audit.pid"
#define RESULT_FILE "/tmp/audit.result"
/* What Debian's auditd sets. */
#define BACKLOG 8192

static volatile sig_atomic_t stopped;

static void stop(int signal)
{
	(void)signal;
	stopped = 1;
}

static void die(const char *what)
{
	fprintf(stderr, "audit: %s: %s\n", what, strerror(errno));
	exit(1);
}

struct message {
	struct nlmsghdr head;
	char data[sizeof(struct audit_rule_data) + 1024];
};

static void to_kernel(int netlink, const struct nlmsghdr *head)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };

	if (sendto(netlink, head, head->nlmsg_len, 0, (void *)&kernel, sizeof(kernel)) < 0)
		die("netlink");
}

/*
 * Waits until the kernel answers with a message of this type and number. Records may come before.
 */
static void from_kernel(int netlink, int type, uint32_t sequence, void *answer, size_t size)
{
	const struct nlmsghdr *head = answer;

	do {
		while (recv(netlink, answer, size, 0) < 0)
			if (errno != EINTR && errno != ENOBUFS && errno != EAGAIN)
				die("netlink");
	} while (head->nlmsg_type != type || head->nlmsg_seq != sequence);
}

/* Sends a request and waits until the kernel has acknowledged it. */
static void request(int netlink, int type, const void *data, size_t size)
{
	static uint32_t sequence;
	struct message message = { .head = { .nlmsg_len = NLMSG_LENGTH(size),
					     .nlmsg_type = type,
					     .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK,
					     .nlmsg_seq = ++sequence } };
	char answer[16384] __attribute__((aligned(8)));

	memcpy(message.data, data, size);
	to_kernel(netlink, &message.head);
	from_kernel(netlink, NLMSG_ERROR, sequence, answer, sizeof(answer));
	errno = -((struct nlmsgerr *)NLMSG_DATA(answer))->error;
	if (errno)
		die("the kernel refused");
}

/* `lost` of the kernel's status: records that nobody got. */
static uint32_t records_lost(int netlink)
{
	struct nlmsghdr query = { .nlmsg_len = NLMSG_LENGTH(0),
				  .nlmsg_type = AUDIT_GET,
				  .nlmsg_flags = NLM_F_REQUEST,
				  .nlmsg_seq = 0xffffff };
	char answer[16384] __attribute__((aligned(8)));

	to_kernel(netlink, &query);
	from_kernel(netlink, AUDIT_GET, query.nlmsg_seq, answer, sizeof(answer));
	return ((struct audit_status *)NLMSG_DATA(answer))->lost;
}

static void daemon_of(int netlink, struct audit_rule_data *rule)
{
	struct audit_status status = { .mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID |
					       AUDIT_STATUS_BACKLOG_LIMIT |
					       AUDIT_STATUS_RATE_LIMIT | AUDIT_STATUS_FAILURE,
				       .enabled = 1,
				       .pid = getpid(),
				       .backlog_limit = BACKLOG };
	struct sigaction action = { .sa_handler = stop };
	unsigned long records = 0;
	uint32_t lost_before, lost;
	FILE *file;

	sigaction(SIGTERM, &action, NULL);
	lost_before = records_lost(netlink);
	request(netlink, AUDIT_SET, &status, sizeof(status));
	request(netlink, AUDIT_ADD_RULE, rule, sizeof(*rule));
	file = fopen(PID_FILE, "w");
	if (!file)
		die(PID_FILE);
	fprintf(file, "%d\n", getpid());
	fclose(file);
	while (!stopped) {
		char record[16384];

		if (recv(netlink, record, sizeof(record), 0) > 0)
			records++;
	}
	request(netlink, AUDIT_DEL_RULE, rule, sizeof(*rule));
	lost = records_lost(netlink) - lost_before;
	status = (struct audit_status){ .mask = AUDIT_STATUS_ENABLED | AUDIT_STATUS_PID };
	request(netlink, AUDIT_SET, &status, sizeof(status));
	file = fopen(RESULT_FILE, "w");
	if (file) {
		fprintf(file, "records %lu, lost %u\n", records, lost);
		fclose(file);
	}
	unlink(PID_FILE);
}

static int start(int count, char **numbers)
{
	struct audit_rule_data rule = { .flags = AUDIT_FILTER_EXIT,
					.action = AUDIT_ALWAYS,
					.field_count = 1,
					.fields = { AUDIT_ARCH },
					.values = { AUDIT_ARCH_X86_64 },
					.fieldflags = { AUDIT_EQUAL } };
	int netlink = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT), buffer = 1 << 20;
	struct timeval patience = { .tv_usec = 200000 };
	pid_t child;

	if (netlink < 0)
		die("this kernel has no audit");
	setsockopt(netlink, SOL_SOCKET, SO_RCVBUFFORCE, &buffer, sizeof(buffer));
	/* So that a signal between two records is noticed. */
	setsockopt(netlink, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
	for (int i = 0; i < count; i++) {
		long number = strtol(numbers[i], NULL, 10);

		if (number < 0 || number >= AUDIT_BITMASK_SIZE * 32) {
			fprintf(stderr, "audit: no system call %s\n", numbers[i]);
			return 2;
		}
		rule.mask[AUDIT_WORD(number)] |= AUDIT_BIT(number);
	}
	unlink(PID_FILE);
	unlink(RESULT_FILE);
	child = fork();
	if (child < 0)
		die("fork");
	if (child == 0) {
		setsid();
		daemon_of(netlink, &rule);
		_exit(0);
	}
	for (int tries = 0; access(PID_FILE, F_OK); tries++) {
		if (tries == 500) {
			fprintf(stderr, "audit: the daemon does not serve\n");
			return 1;
		}
		usleep(10000);
	}
	return 0;
}

static int end(void)
{
	char result[128];
	int pid = 0;
	FILE *file = fopen(PID_FILE, "r");

	if (!file || fscanf(file, "%d", &pid) != 1 || kill(pid, SIGTERM))
		die("no daemon runs");
	fclose(file);
	for (int tries = 0; tries < 500; tries++) {
		file = fopen(RESULT_FILE, "r");
		if (file && fgets(result, sizeof(result), file)) {
			fputs(result, stdout);
			return 0;
		}
		if (file)
			fclose(file);
		usleep(10000);
	}
	fprintf(stderr, "audit: the daemon does not end\n");
	return 1;
}

int main(int argc, char **argv)
{
	if (argc > 2 && !strcmp(argv[1], "start"))
		return start(argc - 2, argv + 2);
	if (argc == 2 && !strcmp(argv[1], "stop"))
		return end();
	fprintf(stderr, "audit start NUMBER..., audit stop\n");
	return 2;
}
