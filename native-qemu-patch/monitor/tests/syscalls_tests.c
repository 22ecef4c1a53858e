/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor "syscalls" on a guest's structures. */
#include "guest.h"

#include "../monitors/syscalls.c"

/* Where struct pt_regs has them on x86-64. */
enum {
	BP = 32,
	BX = 40,
	R10 = 56,
	R9 = 64,
	R8 = 72,
	AX = 80,
	CX = 88,
	DX = 96,
	SI = 104,
	DI = 112,
	ORIG_AX = 120,
	SP = 152
};

#define USER 0x400000ull

static uint64_t task, regs, user;
static struct sim_call call;
static const struct sim_hook hook = { .return_address = 0x1000, .id = 1 };

static void set_wanted(uint32_t bit, bool value)
{
	uint64_t word = parameter_calls[bit / 64] & ~(1ull << (bit % 64));

	SET_SLOT(parameter_calls[bit / 64], word | (uint64_t)value << (bit % 64));
}

static void fresh(void)
{
	uint64_t root, stack;

	guest_reset(4, 16384);
	set_task_slots();
	SET_SLOT(sim_slot_regs_size, 168);
	SET_SLOT(sim_slot_regs_di, DI);
	SET_SLOT(sim_slot_regs_si, SI);
	SET_SLOT(sim_slot_regs_dx, DX);
	SET_SLOT(sim_slot_regs_r10, R10);
	SET_SLOT(sim_slot_regs_r8, R8);
	SET_SLOT(sim_slot_regs_r9, R9);
	SET_SLOT(sim_slot_regs_bx, BX);
	SET_SLOT(sim_slot_regs_cx, CX);
	SET_SLOT(sim_slot_regs_bp, BP);
	SET_SLOT(sim_slot_regs_sp, SP);
	SET_SLOT(sim_slot_regs_ax, AX);
	SET_SLOT(sim_slot_regs_orig_ax, ORIG_AX);
	task = new_task(500, new_task(1, 0));
	root = new_page();
	stack = new_page();
	user = new_page();
	map(root, 0xffffc90000000000ull, stack, 1); /* a kernel stack in vmalloc space */
	map(root, USER, user, 1);
	regs = stack + 4096 - 168;
	call = (struct sim_call){ .guest_cr3 = root, .current_task = task };
	call.argument[0] = 0xffffc90000000000ull + 4096 - 168;
}

static void put(uint32_t offset, const char *text)
{
	memcpy(ram(user + offset), text, strlen(text) + 1);
}

static struct sim_event_syscall *the_event(void)
{
	struct sim_event_syscall *event = (struct sim_event_syscall *)next_event();

	CHECK(event);
	CHECK_EQUAL(SIM_EVENT_SYSCALL, event->event.type);
	expect_subject(&event->event.subject, task, 500, 1);
	CHECK(!next_event());
	return event;
}

static struct sim_event_syscall *call_64(uint32_t number, uint64_t a, uint64_t b, uint64_t c)
{
	put_u64(regs + DI, a);
	put_u64(regs + SI, b);
	put_u64(regs + DX, c);
	call.argument[1] = number;
	CHECK_EQUAL(0, on_syscall_64(&call, &hook));
	return the_event();
}

#define TEXT(index) text_of(&event->event, sizeof(*event), index)

static void a_call_tells_number_and_six_arguments(void)
{
	struct sim_event_syscall *event;

	fresh();
	put_u64(regs + R10, 14);
	put_u64(regs + R8, 15);
	put_u64(regs + R9, 0xffffffffffffffffull);
	event = call_64(9, 11, 12, 13);
	CHECK_EQUAL(SIM_SYSCALL_64, event->door);
	CHECK_EQUAL(9, event->number);
	for (uint64_t i = 0; i < 5; i++)
		CHECK_EQUAL(11 + i, event->argument[i]);
	CHECK_EQUAL(~0ull, event->argument[5]);
	CHECK_EQUAL(0, event->text_count);
	CHECK_EQUAL(0, event->text_arguments);
	CHECK_EQUAL(0, event->event.flags);
	CHECK_EQUAL(sizeof(*event), event->event.size);
	free(event);
}

static void open_tells_its_path(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "/etc/shadow");
	event = call_64(257, (uint64_t)-100, USER, 0);
	CHECK_EQUAL(1, event->text_count);
	CHECK_EQUAL(2, event->text_arguments);
	CHECK_TEXT("/etc/shadow", TEXT(0));
	free(event);
	event = call_64(2, USER, 0, 0);
	CHECK_EQUAL(1, event->text_arguments);
	CHECK_TEXT("/etc/shadow", TEXT(0));
	free(event);
}

static void a_path_that_is_not_mapped_is_unreadable(void)
{
	struct sim_event_syscall *event;

	fresh();
	event = call_64(2, 0x500000, 0, 0);
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, event->event.flags);
	CHECK_EQUAL(1, event->text_count);
	CHECK_TEXT("", TEXT(0));
	free(event);
}

static void exec_tells_path_and_arguments(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "/bin/ls");
	put(16, "ls");
	put(24, "-la");
	put_u64(user + 64, USER + 16);
	put_u64(user + 72, USER + 24);
	event = call_64(59, USER, USER + 64, 0);
	CHECK_EQUAL(3, event->text_count);
	CHECK_EQUAL(3, event->text_arguments);
	CHECK_TEXT("/bin/ls", TEXT(0));
	CHECK_TEXT("ls", TEXT(1));
	CHECK_TEXT("-la", TEXT(2));
	free(event);
	event = call_64(322, 3, USER, USER + 64);
	CHECK_EQUAL(3, event->text_count);
	CHECK_EQUAL(6, event->text_arguments);
	free(event);
	event = call_64(59, USER, 0, 0);
	CHECK_EQUAL(1, event->text_count);
	CHECK_EQUAL(0, event->event.flags);
	free(event);
}

static void connect_tells_the_bytes_of_its_address(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "\x02\x01xyz");
	event = call_64(42, 3, USER, 5);
	CHECK_TEXT("\x02\x01xyz", TEXT(0));
	CHECK_EQUAL(2, event->text_arguments);
	free(event);
}

static void a_module_tells_its_parameters(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "debug=1");
	event = call_64(313, 3, USER, 0);
	CHECK_TEXT("debug=1", TEXT(0));
	free(event);
	event = call_64(175, 0, 0, USER);
	CHECK_TEXT("debug=1", TEXT(0));
	CHECK_EQUAL(4, event->text_arguments);
	free(event);
}

static void bit_30_is_the_x32_door(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "/bin/ls");
	put(16, "ls");
	put_u32(user + 64, (uint32_t)USER + 16);
	event = call_64(0x40000000u | 520, USER, USER + 64, 0);
	CHECK_EQUAL(SIM_SYSCALL_X32, event->door);
	CHECK_EQUAL(520, event->number);
	CHECK_TEXT("ls", TEXT(1));
	CHECK_EQUAL(2, event->text_count);
	free(event);
	event = call_64(0xffffffff, 0, 0, 0);
	CHECK_EQUAL(SIM_SYSCALL_64, event->door);
	CHECK_EQUAL(0xffffffff, event->number);
	free(event);
}

static void set_32(uint64_t number_register, uint32_t number)
{
	put_u64(regs + number_register, 0xabcd000000000000ull | number);
	put_u64(regs + BX, 0x1111111100000003ull);
	put_u64(regs + CX, 0x1111111100000000ull | USER);
	put_u64(regs + DX, 7);
	put_u64(regs + SI, 8);
	put_u64(regs + DI, 9);
}

static void every_32_bit_door_has_its_number_and_arguments(void)
{
	static const struct {
		int64_t (*door)(const struct sim_call *, const struct sim_hook *);
		uint32_t number_register;
		uint32_t sixth_register;
		bool on_stack;
	} doors[] = {
		{ on_fast_32, ORIG_AX, SP, true },
		{ on_sysenter, ORIG_AX, BP, true },
		{ on_int80, AX, BP, false },
		{ on_int80_old, ORIG_AX, BP, false },
	};

	for (size_t i = 0; i < sizeof(doors) / sizeof(*doors); i++) {
		struct sim_event_syscall *event;

		fresh();
		set_32(doors[i].number_register, 192);
		put_u64(regs + doors[i].sixth_register, doors[i].on_stack ? USER + 128 : 0xfeedull);
		put_u32(user + 128, 0xfeed);
		CHECK_EQUAL(0, doors[i].door(&call, &hook));
		event = the_event();
		CHECK_EQUAL(SIM_SYSCALL_32, event->door);
		CHECK_EQUAL(192, event->number);
		CHECK_EQUAL(3, event->argument[0]);
		CHECK_EQUAL(USER, event->argument[1]);
		CHECK_EQUAL(7, event->argument[2]);
		CHECK_EQUAL(8, event->argument[3]);
		CHECK_EQUAL(9, event->argument[4]);
		CHECK_EQUAL(0xfeed, event->argument[5]);
		CHECK_EQUAL(0, event->event.flags);
		free(event);
	}
}

static void texts_of_32_bit_calls_have_their_own_numbers_and_pointers(void)
{
	struct sim_event_syscall *event;

	fresh();
	put(0, "/bin/sh");
	put(16, "sh");
	put_u32(user + 64, (uint32_t)USER + 16);
	set_32(AX, 11);
	put_u64(regs + BX, USER);
	put_u64(regs + CX, USER + 64);
	on_int80(&call, &hook);
	event = the_event();
	CHECK_EQUAL(2, event->text_count);
	CHECK_TEXT("/bin/sh", TEXT(0));
	CHECK_TEXT("sh", TEXT(1));
	free(event);

	/* socketcall(SYS_CONNECT, { fd, address, length }) */
	fresh();
	put(0, "addr");
	put_u32(user + 64, 3);
	put_u32(user + 68, (uint32_t)USER);
	put_u32(user + 72, 4);
	set_32(AX, 102);
	put_u64(regs + CX, USER + 64);
	on_int80(&call, &hook);
	event = the_event();
	CHECK_EQUAL(1, event->text_count);
	CHECK_EQUAL(2, event->text_arguments);
	CHECK_TEXT("addr", TEXT(0));
	free(event);
}

static void only_the_wanted_calls_are_reported(void)
{
	fresh();
	set_wanted(39, false);
	set_wanted(1024 + 20, false);
	call.argument[1] = 39;
	on_syscall_64(&call, &hook);
	call.argument[1] = 0x40000000u | 39;
	on_syscall_64(&call, &hook);
	set_32(AX, 20);
	on_int80(&call, &hook);
	CHECK(!next_event());
	free(call_64(20, 0, 0, 0));
	set_32(AX, 39);
	on_int80(&call, &hook);
	free(the_event());
	/* beyond the bitmap: always */
	free(call_64(1024, 0, 0, 0));
	set_wanted(39, true);
	set_wanted(1024 + 20, true);
}

static void the_number_comes_first_up_to_5_13(void)
{
	struct sim_event_syscall *event;

	fresh();
	put_u64(regs + DI, 11);
	call.argument[1] = call.argument[0];
	call.argument[0] = 0x40000000u | 39;
	CHECK_EQUAL(0, on_syscall_64_old(&call, &hook));
	event = the_event();
	CHECK_EQUAL(SIM_SYSCALL_X32, event->door);
	CHECK_EQUAL(39, event->number);
	CHECK_EQUAL(11, event->argument[0]);
	CHECK(!(event->event.flags & SIM_EVENT_UNREADABLE));
	free(event);
}

static void forged_registers_are_an_event_that_says_unreadable(void)
{
	struct sim_event_syscall *event;

	fresh();
	call.argument[0] = 0x1234567890abcdefull;
	call.argument[1] = 59;
	on_syscall_64(&call, &hook);
	event = the_event();
	CHECK(event->event.flags & SIM_EVENT_UNREADABLE);
	CHECK_EQUAL(59, event->number);
	free(event);
	on_fast_32(&call, &hook);
	event = the_event();
	CHECK(event->event.flags & SIM_EVENT_UNREADABLE);
	free(event);
}

void prepare_open(void)
{
	fresh();
	put(0x100, "/tmp/tree/folder-13/file-21");
	put_u64(regs + DI, USER + 0x100);
	call.argument[1] = 2;
}

void call_open(void)
{
	on_syscall_64(&call, &hook);
}

void syscalls_tests(void)
{
	printf("Monitor syscalls\n");
	TEST(a_call_tells_number_and_six_arguments);
	TEST(open_tells_its_path);
	TEST(a_path_that_is_not_mapped_is_unreadable);
	TEST(exec_tells_path_and_arguments);
	TEST(connect_tells_the_bytes_of_its_address);
	TEST(a_module_tells_its_parameters);
	TEST(bit_30_is_the_x32_door);
	TEST(the_number_comes_first_up_to_5_13);
	TEST(every_32_bit_door_has_its_number_and_arguments);
	TEST(texts_of_32_bit_calls_have_their_own_numbers_and_pointers);
	TEST(only_the_wanted_calls_are_reported);
	TEST(forged_registers_are_an_event_that_says_unreadable);
}
