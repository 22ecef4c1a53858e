/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The guest: a hook that calls the gate, and the function that a redirected call was meant for. */
#define _GNU_SOURCE
#include "machine.h"

__attribute__((used)) struct registers before, after, at_target;
__attribute__((used)) uint64_t link_at_target;
__attribute__((used)) static uint64_t host_rsp, hook_entry;

void run_hook(void);

#define STORE(where)                                                       \
	"mov %rax, " #where "(%rip)\n mov %rcx, " #where "+8(%rip)\n"      \
	"mov %rdx, " #where "+16(%rip)\n mov %rbx, " #where "+24(%rip)\n"  \
	"mov %rsp, " #where "+32(%rip)\n mov %rbp, " #where "+40(%rip)\n"  \
	"mov %rsi, " #where "+48(%rip)\n mov %rdi, " #where "+56(%rip)\n"  \
	"mov %r8, " #where "+64(%rip)\n mov %r9, " #where "+72(%rip)\n"    \
	"mov %r10, " #where "+80(%rip)\n mov %r11, " #where "+88(%rip)\n"  \
	"mov %r12, " #where "+96(%rip)\n mov %r13, " #where "+104(%rip)\n" \
	"mov %r14, " #where "+112(%rip)\n mov %r15, " #where "+120(%rip)\n"

/* clang-format off */
__asm__(".text\n"
	".globl run_hook\n"
	"run_hook:\n"
	"push %rbx\n push %rbp\n push %r12\n push %r13\n push %r14\n push %r15\n"
	"mov %rsp, host_rsp(%rip)\n"
	"mov before+32(%rip), %rsp\n"
	"mov before(%rip), %rax\n mov before+8(%rip), %rcx\n mov before+16(%rip), %rdx\n"
	"mov before+24(%rip), %rbx\n mov before+40(%rip), %rbp\n mov before+48(%rip), %rsi\n"
	"mov before+56(%rip), %rdi\n mov before+64(%rip), %r8\n mov before+72(%rip), %r9\n"
	"mov before+80(%rip), %r10\n mov before+88(%rip), %r11\n mov before+96(%rip), %r12\n"
	"mov before+104(%rip), %r13\n mov before+112(%rip), %r14\n mov before+120(%rip), %r15\n"
	"push before+128(%rip)\n popfq\n"
	".globl hook_call\n"
	"hook_call:\n"
	"call *hook_entry(%rip)\n"
	".globl hook_return\n"
	"hook_return:\n" STORE(after)
	"pushfq\n pop after+128(%rip)\n"
	"push $2\n popfq\n"
	"mov host_rsp(%rip), %rsp\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
	".globl target_reached\n"
	"target_reached:\n" STORE(at_target)
	"mov (%rsp), %rax\n mov %rax, link_at_target(%rip)\n mov at_target(%rip), %rax\n"
	"pushfq\n pop at_target+128(%rip)\n push at_target+128(%rip)\n popfq\n ret\n");
/* clang-format on */

static bool through_exit_gate; /* the last call was */

struct registers as_called(uint64_t rsp)
{
	struct registers expected = before;

	expected.rsp = rsp;
	expected.r10 = through_exit_gate ? before.rdx : before.rcx;
	expected.r11 = 0;
	return expected;
}

void call_gate(uint64_t entry)
{
	call_gate_with(entry, NULL);
}

void call_gate_with(uint64_t entry, const uint64_t arguments[2])
{
	uint64_t *words = (uint64_t *)&before;

	through_exit_gate = outside;
	hostile = false;
	view = NORMAL;
	cr3 = GUEST_CR3;
	apply_world();
	memset((void *)GUEST_STACK, 0x5a, GUEST_STACK_SIZE);
	for (int i = 0; i < 16; i++)
		words[i] = 0x1111111111111111ull * (uint64_t)i + 0xf000000000000001ull;
	before.rsp = GUEST_STACK + GUEST_STACK_SIZE - 256;
	if (arguments) {
		before.rdi = arguments[0];
		before.rsi = arguments[1];
	}
	before.flags = 0x202 | FLAGS_ARITHMETIC | FLAG_DF | FLAG_AC;
	memset(&after, 0, sizeof(after));
	memset(&at_target, 0, sizeof(at_target));
	memset(&seen, 0, sizeof(seen));
	calls = 0;
	hook_entry = GATE + entry;
	if (!branched_elsewhere) {
		branch_from = (uint64_t)hook_return - HOOK_LENGTH;
		branch_to = hook_entry;
	}
	switch (sigsetjmp(ended, 1)) {
	case 0:
		run_hook();
		break;
	default:
		__asm__ volatile("push $2\n popfq" : : : "memory", "cc");
		fprintf(stderr, "FAILED the gate stopped at %llx, view %d, CR3 %llx\n",
			(unsigned long long)at_end[REG_RIP], view, (unsigned long long)cr3);
		exit(1);
	}
}

void call_exit_gate(uint64_t entry)
{
	call_exit_gate_with(entry, NULL);
}

void call_exit_gate_with(uint64_t entry, const uint64_t arguments[2])
{
	outside = true;
	call_gate_with(entry - GATE_EXIT_PAGE, arguments);
	outside = false;
}
