/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor "process" on a guest's structures. */
#include "guest.h"

#include "../monitors/process.c"

static uint64_t parent, task;
static struct sim_call call;
static const struct sim_hook hook = { .return_address = 0x1000, .id = 3, .monitor = 2 };

static void fresh(void)
{
	guest_reset(4, 16384);
	set_task_slots();
	SET_SLOT(sim_slot_binprm_filename, 0x10);
	SET_SLOT(sim_slot_binprm_argc, 0x18);
	SET_SLOT(sim_slot_binprm_p, 0x20);
	SET_SLOT(sim_slot_binprm_mm, 0x28);
	SET_SLOT(sim_slot_mm_pgd, 0x48);
	parent = new_task(10, 0);
	task = new_task(1000, parent);
	call = (struct sim_call){ .guest_cr3 = new_page(), .current_task = task };
}

static void a_fork_tells_parent_and_child(void)
{
	struct sim_event_fork *event;

	fresh();
	call.argument[0] = new_task(2000, task);
	CHECK_EQUAL(0, on_fork(&call, &hook));
	event = (struct sim_event_fork *)next_event();
	CHECK(event);
	CHECK_EQUAL(SIM_EVENT_FORK, event->event.type);
	CHECK_EQUAL(sizeof(*event), event->event.size);
	CHECK_EQUAL(0, event->event.flags);
	CHECK_EQUAL(2, event->event.monitor);
	CHECK_EQUAL(3, event->event.hook);
	expect_subject(&event->event.subject, task, 1000, 10);
	expect_subject(&event->child, call.argument[0], 2000, 1000);
	free(event);
}

static uint64_t new_binprm(void)
{
	uint64_t bprm = new_page(), mm = new_page(), pgd = new_page(), stack = new_page(),
		 path = new_page();

	strcpy((char *)ram(path), "/usr/bin/env");
	memcpy(ram(stack + 0x800), "env\0-i\0\0sh", 11);
	map(pgd, 0x7fffffffe000, stack, 1);
	put_u64(bprm + 0x10, PAGE_OFFSET + path);
	put_u32(bprm + 0x18, 4);
	put_u64(bprm + 0x20, 0x7fffffffe800);
	put_u64(bprm + 0x28, PAGE_OFFSET + mm);
	put_u64(mm + 0x48, PAGE_OFFSET + pgd);
	return bprm;
}

static void an_exec_tells_path_and_arguments_from_the_new_stack(void)
{
	struct sim_event_exec *event;

	fresh();
	call.argument[0] = PAGE_OFFSET + new_binprm();
	CHECK_EQUAL(0, on_exec(&call, &hook));
	event = (struct sim_event_exec *)next_event();
	CHECK(event);
	CHECK_EQUAL(0, event->event.flags);
	CHECK_EQUAL(5, event->text_count);
	CHECK_EQUAL(4, event->argument_count);
	CHECK_TEXT("/usr/bin/env", text_of(&event->event, sizeof(*event), 0));
	CHECK_TEXT("env", text_of(&event->event, sizeof(*event), 1));
	CHECK_TEXT("-i", text_of(&event->event, sizeof(*event), 2));
	CHECK_TEXT("", text_of(&event->event, sizeof(*event), 3));
	CHECK_TEXT("sh", text_of(&event->event, sizeof(*event), 4));
	expect_subject(&event->event.subject, task, 1000, 10);
	free(event);
}

static void an_exec_whose_address_space_is_no_memory_still_tells_its_path(void)
{
	struct sim_event_exec *event;
	uint64_t bprm;

	fresh();
	bprm = new_binprm();
	put_u64(bprm + 0x28, 0xdeadbeef);
	call.argument[0] = PAGE_OFFSET + bprm;
	on_exec(&call, &hook);
	event = (struct sim_event_exec *)next_event();
	CHECK(event);
	CHECK_EQUAL(SIM_EVENT_UNREADABLE, event->event.flags);
	CHECK_EQUAL(1, event->text_count);
	CHECK_TEXT("/usr/bin/env", text_of(&event->event, sizeof(*event), 0));
	free(event);
}

static void an_exec_with_absurd_argc_is_bounded(void)
{
	struct sim_event_exec *event;
	uint64_t bprm;

	fresh();
	bprm = new_binprm();
	put_u32(bprm + 0x18, 0xffffffff);
	call.argument[0] = PAGE_OFFSET + bprm;
	on_exec(&call, &hook);
	event = (struct sim_event_exec *)next_event();
	CHECK(event);
	CHECK(event->event.flags & SIM_EVENT_TRUNCATED);
	CHECK_EQUAL(0xffffffff, event->argument_count);
	CHECK_EQUAL(1 + ARGUMENTS_MAXIMUM, event->text_count);
	free(event);
}

static void an_exit_tells_its_code(void)
{
	struct sim_event_exit *event;

	fresh();
	call.argument[0] = 0xffffffff00000300ull;
	on_task_exit(&call, &hook);
	event = (struct sim_event_exit *)next_event();
	CHECK(event);
	CHECK_EQUAL(SIM_EVENT_EXIT, event->event.type);
	CHECK_EQUAL(0x300, event->code);
	expect_subject(&event->event.subject, task, 1000, 10);
	free(event);
}

static void a_forged_task_is_an_event_that_says_unreadable(void)
{
	static const uint64_t forged[] = { 0, ~0ull, PAGE_OFFSET + LOW_RAM_SIZE - 0x104,
					   0x8000000000000000ull };

	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		struct sim_event_exit *event;

		fresh();
		call.current_task = forged[i];
		on_task_exit(&call, &hook);
		event = (struct sim_event_exit *)next_event();
		CHECK(event);
		CHECK_EQUAL(SIM_EVENT_UNREADABLE, event->event.flags);
		CHECK_EQUAL(forged[i], event->event.subject.task);
		CHECK_EQUAL(0, event->event.subject.uid);
		free(event);
	}
}

void prepare_fork(void)
{
	fresh();
	call.argument[0] = new_task(2000, task);
}

void call_fork(void)
{
	on_fork(&call, &hook);
}

void call_exit(void)
{
	on_task_exit(&call, &hook);
}

void process_tests(void)
{
	printf("Monitor process\n");
	TEST(a_fork_tells_parent_and_child);
	TEST(an_exec_tells_path_and_arguments_from_the_new_stack);
	TEST(an_exec_whose_address_space_is_no_memory_still_tells_its_path);
	TEST(an_exec_with_absurd_argc_is_bounded);
	TEST(an_exit_tells_its_code);
	TEST(a_forged_task_is_an_event_that_says_unreadable);
}
