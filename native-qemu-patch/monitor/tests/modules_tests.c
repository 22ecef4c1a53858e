/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The monitor "modules" on a guest's structures. */
#include "guest.h"

#include "../monitors/modules.c"

#define MODULE 0xffffffffc0201000ull /* modules lie in the guest's own mappings */

static uint64_t task, module;
static struct sim_call call;
static const struct sim_hook hook = { .return_address = 0x1000, .id = 1, .monitor = 2 };

static void fresh(void)
{
	uint64_t root;

	guest_reset(4, 16384);
	set_task_slots();
	SET_SLOT(sim_slot_module_name, 0x18);
	task = new_task(1000, new_task(10, 0));
	root = new_page();
	module = new_page();
	map(root, MODULE, module, 1);
	call = (struct sim_call){ .guest_cr3 = root, .current_task = task };
	call.argument[0] = MODULE;
}

static struct sim_event_module *loaded(void)
{
	struct sim_event_module *event;

	CHECK_EQUAL(0, on_load(&call, &hook));
	event = (struct sim_event_module *)next_event();
	CHECK(event);
	CHECK_EQUAL(SIM_EVENT_MODULE, event->event.type);
	CHECK_EQUAL(1, event->text_count);
	return event;
}

static void a_load_tells_name_and_task(void)
{
	struct sim_event_module *event;

	fresh();
	strcpy((char *)ram(module + 0x18), "virtio_net");
	event = loaded();
	CHECK_EQUAL(0, event->event.flags);
	CHECK_TEXT("virtio_net", text_of(&event->event, sizeof(*event), 0));
	expect_subject(&event->event.subject, task, 1000, 10);
	free(event);
}

static void a_name_without_an_end_is_cut(void)
{
	struct sim_event_module *event;

	fresh();
	memset(ram(module + 0x18), 'm', 200);
	event = loaded();
	CHECK_EQUAL(SIM_EVENT_TRUNCATED, event->event.flags);
	CHECK_EQUAL(NAME_LIMIT, strlen(text_of(&event->event, sizeof(*event), 0)));
	free(event);
}

static void a_module_that_is_no_memory_is_an_event_that_says_unreadable(void)
{
	static const uint64_t forged[] = { 0, ~0ull, MODULE + 0x1000, 0x8000000000000000ull };

	for (size_t i = 0; i < sizeof(forged) / sizeof(*forged); i++) {
		struct sim_event_module *event;

		fresh();
		call.argument[0] = forged[i];
		event = loaded();
		CHECK_EQUAL(SIM_EVENT_UNREADABLE, event->event.flags);
		CHECK_TEXT("", text_of(&event->event, sizeof(*event), 0));
		expect_subject(&event->event.subject, task, 1000, 10);
		free(event);
	}
}

void modules_tests(void)
{
	printf("Monitor modules\n");
	TEST(a_load_tells_name_and_task);
	TEST(a_name_without_an_end_is_cut);
	TEST(a_module_that_is_no_memory_is_an_event_that_says_unreadable);
}
