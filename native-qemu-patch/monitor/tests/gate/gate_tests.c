/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the built gate pages, unchanged, on this machine's CPU in user mode.
 * VMFUNC and the moves to and from CR3 trap there; the signal handler does what
 * they would do: it exchanges what the gate's two pages show, and decides by view
 * and CR3 which memory is there. So a gate that touches the monitor's memory before
 * the SIM CR3 is loaded, or the guest's after, faults here as it would there.
 *
 * What this can't show: interrupts, ring 0 alone instructions met by a jump into the middle
 * of another, and page tables that map every address.
 *
 * The gate of a monitor outside runs here too; the handler stands for QEMU at its `out`.
 *
 *	gate-tests FILE		FILE: .g1, .g2, .g1_sim and .g1_exit, one after the other
 */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <ucontext.h>
#include <unistd.h>

#include "gate_symbols.h" /* GATE_<symbol>: address with G1 at 0, G2 at 4096, G1 of the SIM view at 8192, the exit gate at 12288 */
#include "sim_abi.h"

#define PAGE 4096ull

#define GATE_EXIT_PAGE (3 * PAGE)

/* In reach of push imm32, and of 32-bit code. */
#define GATE 0x70000000ull
#define TARGETS 0x70100000ull
#define GUEST_STACK 0x71000000ull
#define GUEST_STACK_SIZE (2 * PAGE)
/* What the guest must not learn. */
#define BITMAP 0x5a5a12345000ull
#define STACKS 0x5b6b23456000ull
#define STACK_SIZE (4 * PAGE)
#define STACK_STRIDE (5 * PAGE)
#define STACK_COUNT 4
#define DISPATCH_PAGE 0x5c7c34567000ull
#define DISPATCH (DISPATCH_PAGE + 0x800)
#define SIM_CR3 0x7a5c3b2000ull

/* Linux's code segments for user mode. */
#define WIDE_CODE 0x33
#define NARROW_CODE 0x23

#define GUEST_CR3 0x1987654000ull
#define CURRENT_OFFSET 0x20
#define PORT 0xc51e
#define CURRENT_TASK 0xffff888001234580ull

#define FLAG_DF 0x400ull
#define FLAG_AC 0x40000ull
#define FLAG_TF 0x100ull
#define FLAG_NT 0x4000ull
#define FLAGS_ARITHMETIC 0x8d5ull

#define CHECK(condition)                                                                       \
	do {                                                                                   \
		if (!(condition)) {                                                            \
			fprintf(stderr, "FAILED %s:%d: %s\n", __FILE__, __LINE__, #condition); \
			exit(1);                                                               \
		}                                                                              \
	} while (0)
#define TEST(function)                             \
	do {                                       \
		function();                        \
		printf("ok   %s\n", #function);    \
		fflush(stdout);                    \
	} while (0)

enum view { NORMAL, SIM };
enum outcome { RUNNING, STOPPED, LEFT, STUCK };

static int gate_file;
static enum view view;
static bool outside; /* the gate of a monitor outside is mapped */
static uint64_t cr3;
static bool hostile; /* the guest's CR3 shows the guest's stack in the SIM view too */
static uint64_t *bitmap_alias;
static sigjmp_buf ended;
static greg_t wanted[23]; /* what the next SIGUSR1 continues with */
static bool wide;         /* 64-bit code */
static greg_t at_end[23];

/* ---- The machine -------------------------------------------------------- */

static void protect(uint64_t address, uint64_t size, int protection)
{
	CHECK(mprotect((void *)address, size, protection) == 0);
}

static void show(uint64_t address, uint64_t page)
{
	CHECK(mmap((void *)address, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, gate_file,
		   (off_t)(page * PAGE)) != MAP_FAILED);
}

/* Makes memory what this view and this CR3 show. */
static void apply_world(void)
{
	bool monitor = view == SIM && cr3 == SIM_CR3;
	bool guest = view == NORMAL || (hostile && !monitor);

	show(GATE, outside ? 3 : view == NORMAL ? 0 : 2);
	show(GATE + PAGE, 1);
	if (view == NORMAL)
		protect(GATE + PAGE, PAGE, PROT_NONE);
	protect(GUEST_STACK, GUEST_STACK_SIZE, guest ? PROT_READ | PROT_WRITE : PROT_NONE);
	protect(BITMAP, PAGE, monitor ? PROT_READ | PROT_WRITE : PROT_NONE);
	for (uint64_t i = 0; i < STACK_COUNT; i++)
		protect(STACKS + i * STACK_STRIDE + PAGE, STACK_SIZE, monitor ? PROT_READ | PROT_WRITE : PROT_NONE);
	protect(DISPATCH_PAGE, PAGE, monitor ? PROT_READ | PROT_EXEC : PROT_NONE);
}

static const int register_of[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP, REG_RSI, REG_RDI,
				     REG_R8,  REG_R9,  REG_R10, REG_R11, REG_R12, REG_R13, REG_R14, REG_R15 };

static void end_with(enum outcome outcome, ucontext_t *context)
{
	memcpy(at_end, context->uc_mcontext.gregs, sizeof(at_end));
	siglongjmp(ended, outcome);
}

/* Carries out VMFUNC or a move from or to CR3; false if it is anything else. */
static bool privileged(greg_t *registers, ucontext_t *context)
{
	const uint8_t *code = (const uint8_t *)registers[REG_RIP];
	bool code_is_wide = (registers[REG_CSGSFS] & 0xffff) == WIDE_CODE;
	uint8_t rex = 0;
	int length = 3;

	if ((uint64_t)code < GATE || (uint64_t)code > GATE + 2 * PAGE - 4)
		return false;
	if (memcmp(code, "\x0f\x01\xd4", 3) == 0) {
		if ((uint32_t)registers[REG_RAX] != 0 || (uint32_t)registers[REG_RCX] > 1)
			return false;
		if (registers[REG_EFL] & (greg_t)(FLAG_DF | FLAG_AC | FLAG_TF | FLAG_NT) && !hostile)
			return false;
		view = (uint32_t)registers[REG_RCX] == 1 ? SIM : NORMAL;
		registers[REG_RIP] += 3;
		apply_world();
		if (hostile && view == NORMAL)
			end_with(LEFT, context);
		return true;
	}
	if (code_is_wide && (*code & 0xf0) == 0x40) {
		rex = *code++;
		length++;
	}
	if (code[0] == 0x0f && (code[1] == 0x20 || code[1] == 0x22) && (code[2] & 0xf8) == 0xd8) {
		greg_t *operand = &registers[register_of[(code[2] & 7) + (rex & 1) * 8]];

		if (code[1] == 0x20) {
			*operand = (greg_t)(code_is_wide ? cr3 : (uint32_t)cr3);
		} else {
			cr3 = code_is_wide ? (uint64_t)*operand : (uint32_t)*operand;
			apply_world();
		}
		registers[REG_RIP] += length;
		return true;
	}
	return false;
}

static struct sim_call seen;
static unsigned calls;
static int64_t verdict;

/* What QEMU finds in the registers when the exit gate writes to its port. */
static bool exit_gate_asks(greg_t *registers)
{
	if (!outside || (uint64_t)registers[REG_RIP] != GATE + (GATE_x1_out - GATE_EXIT_PAGE) ||
	    (uint16_t)registers[REG_RDX] != PORT)
		return false;
	seen = (struct sim_call){
		.guest_cr3 = cr3,
		.guest_rsp = (uint64_t)registers[REG_RBP],
		.current_task = (uint64_t)registers[REG_RBX],
		.return_address = (uint64_t)registers[REG_R11],
		.argument = { (uint64_t)registers[REG_RDI], (uint64_t)registers[REG_RSI], (uint64_t)registers[REG_R10],
			      (uint64_t)registers[REG_RCX], (uint64_t)registers[REG_R8], (uint64_t)registers[REG_R9] },
	};
	calls++;
	registers[REG_R11] = (uint32_t)verdict;
	registers[REG_RIP] += 1;
	return true;
}

static void on_signal(int number, siginfo_t *info, void *argument)
{
	ucontext_t *context = argument;
	greg_t *registers = context->uc_mcontext.gregs;

	(void)info;
	/* A landing may have set AC, which a handler keeps; the C library's copies need not be aligned. */
	__asm__ volatile("push $2\n popfq" : : : "memory", "cc");
	if (number == SIGUSR1) {
		for (int i = 0; i < 16; i++)
			registers[register_of[i]] = wanted[register_of[i]];
		registers[REG_RIP] = wanted[REG_RIP];
		registers[REG_EFL] = wanted[REG_EFL];
		registers[REG_CSGSFS] = (registers[REG_CSGSFS] & ~0xffffll) | (wide ? WIDE_CODE : NARROW_CODE);
		return;
	}
	if (number == SIGVTALRM)
		end_with(STUCK, context);
	if ((number == SIGSEGV || number == SIGILL) && (privileged(registers, context) || exit_gate_asks(registers)))
		return;
	end_with(STOPPED, context);
}

/* ---- The monitor: one function behind `g2_dispatch` ---------------------- */

static uint64_t seen_stack, seen_flags, seen_bits;

__attribute__((used)) static int64_t monitor(const struct sim_call *call, uint64_t flags)
{
	seen = *call;
	seen_stack = (uint64_t)call;
	seen_flags = flags;
	seen_bits = *(uint64_t *)BITMAP;
	calls++;
	/* what a compiler may leave in every register that is not saved */
	__asm__ volatile("mov %0, %%rdx; mov %0, %%rcx; mov %0, %%rsi; mov %0, %%rdi;"
			 "mov %0, %%r8; mov %0, %%r9; mov %0, %%r10; mov %0, %%r11"
			 :
			 : "a"(STACKS + 64)
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
	return verdict;
}

/* ---- The guest: a hook that calls the gate ------------------------------- */

struct registers {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15, flags;
};

__attribute__((used)) static struct registers before, after, at_target;
__attribute__((used)) static uint64_t host_rsp, hook_entry, link_at_target;
static unsigned long gs_area[16];

void run_hook(void);
extern const char hook_return[], target_reached[], monitor_entry[];

#define STORE(where)                                          \
	"mov %rax, " #where "(%rip)\n mov %rcx, " #where "+8(%rip)\n"   \
	"mov %rdx, " #where "+16(%rip)\n mov %rbx, " #where "+24(%rip)\n" \
	"mov %rsp, " #where "+32(%rip)\n mov %rbp, " #where "+40(%rip)\n" \
	"mov %rsi, " #where "+48(%rip)\n mov %rdi, " #where "+56(%rip)\n" \
	"mov %r8, " #where "+64(%rip)\n mov %r9, " #where "+72(%rip)\n"   \
	"mov %r10, " #where "+80(%rip)\n mov %r11, " #where "+88(%rip)\n" \
	"mov %r12, " #where "+96(%rip)\n mov %r13, " #where "+104(%rip)\n" \
	"mov %r14, " #where "+112(%rip)\n mov %r15, " #where "+120(%rip)\n"

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
	"call *hook_entry(%rip)\n"
	".globl hook_return\n"
	"hook_return:\n" STORE(after)
	"pushfq\n pop after+128(%rip)\n"
	"push $2\n popfq\n"
	"mov host_rsp(%rip), %rsp\n"
	"pop %r15\n pop %r14\n pop %r13\n pop %r12\n pop %rbp\n pop %rbx\n ret\n"
	".globl target_reached\n"
	"target_reached:\n" STORE(at_target) "mov (%rsp), %rax\n mov %rax, link_at_target(%rip)\n mov at_target(%rip), %rax\n"
	"pushfq\n pop at_target+128(%rip)\n push at_target+128(%rip)\n popfq\n ret\n"
	".globl monitor_entry\n"
	"monitor_entry:\n endbr64\n pushfq\n pop %rsi\n jmp monitor\n");

static void put_jump(uint8_t *at, const void *to)
{
	memcpy(at, "\xff\x25\2\0\0\0", 6); /* jmp *2(%rip): aligned, since AC may be set */
	memcpy(at + 8, &to, 8);
}

static void *map_at(uint64_t address, uint64_t size)
{
	void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE,
			-1, 0);

	CHECK(at == (void *)address);
	return at;
}

static void patch(uint8_t *pages, uint64_t symbol, uint64_t value, size_t size)
{
	memcpy(pages + symbol, &value, size);
}

static void build_machine(const char *path)
{
	static uint8_t pages[4 * PAGE];
	static uint8_t signal_stack[256 << 10];
	stack_t alternative = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction action = { .sa_sigaction = on_signal, .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const int signals[] = { SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGVTALRM, SIGUSR1 };
	int file = open(path, O_RDONLY), bitmap_file;
	static const uint64_t targets[16] = { GATE_g1_call_target_0,  GATE_g1_call_target_1,  GATE_g1_call_target_2,
					      GATE_g1_call_target_3,  GATE_g1_call_target_4,  GATE_g1_call_target_5,
					      GATE_g1_call_target_6,  GATE_g1_call_target_7,  GATE_g1_call_target_8,
					      GATE_g1_call_target_9,  GATE_g1_call_target_10, GATE_g1_call_target_11,
					      GATE_g1_call_target_12, GATE_g1_call_target_13, GATE_g1_call_target_14,
					      GATE_g1_call_target_15 };
	static const uint64_t exit_targets[16] = {
		GATE_x1_call_target_0,	GATE_x1_call_target_1,	GATE_x1_call_target_2,	GATE_x1_call_target_3,
		GATE_x1_call_target_4,	GATE_x1_call_target_5,	GATE_x1_call_target_6,	GATE_x1_call_target_7,
		GATE_x1_call_target_8,	GATE_x1_call_target_9,	GATE_x1_call_target_10, GATE_x1_call_target_11,
		GATE_x1_call_target_12, GATE_x1_call_target_13, GATE_x1_call_target_14, GATE_x1_call_target_15
	};
	uint8_t *code;

	CHECK(file >= 0 && read(file, pages, sizeof(pages)) == sizeof(pages));
	for (uint64_t i = 0; i < 16; i++) {
		patch(pages, targets[i], TARGETS + i * 64, 4);
		patch(pages, exit_targets[i], TARGETS + i * 64, 4);
	}
	patch(pages, GATE_x1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_x1_port, PORT, 4);
	patch(pages, GATE_g1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_g2_sim_cr3, SIM_CR3, 8);
	patch(pages, GATE_g2_stack_bitmap, BITMAP, 8);
	patch(pages, GATE_g2_stack_count, STACK_COUNT, 4);
	patch(pages, GATE_g2_stack_top, STACKS + STACK_STRIDE, 8);
	patch(pages, GATE_g2_stack_stride, STACK_STRIDE, 4);
	patch(pages, GATE_g2_dispatch, DISPATCH, 8);
	gate_file = memfd_create("gate", 0);
	CHECK(gate_file >= 0 && write(gate_file, pages, sizeof(pages)) == sizeof(pages));

	map_at(GATE, 2 * PAGE);
	code = map_at(TARGETS, PAGE);
	for (int i = 0; i < 16; i++)
		put_jump(code + i * 64, target_reached);
	protect(TARGETS, PAGE, PROT_READ | PROT_EXEC);
	map_at(GUEST_STACK, GUEST_STACK_SIZE);
	/* the bitmap twice, so that "another vCPU" can write it */
	bitmap_file = memfd_create("bitmap", 0);
	CHECK(bitmap_file >= 0 && ftruncate(bitmap_file, (off_t)PAGE) == 0);
	CHECK(mmap((void *)BITMAP, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED_NOREPLACE, bitmap_file, 0) ==
	      (void *)BITMAP);
	bitmap_alias = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, bitmap_file, 0);
	CHECK(bitmap_alias != MAP_FAILED);
	map_at(STACKS, STACK_COUNT * STACK_STRIDE);
	protect(STACKS, STACK_COUNT * STACK_STRIDE, PROT_NONE);
	put_jump((uint8_t *)map_at(DISPATCH_PAGE, PAGE) + 0x800, monitor_entry);

	gs_area[CURRENT_OFFSET / 8] = CURRENT_TASK;
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, gs_area) == 0);
	CHECK(sigaltstack(&alternative, NULL) == 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		CHECK(sigaction(signals[i], &action, NULL) == 0);
}

/* ---- Calls, as a hook makes them ----------------------------------------- */

static void call_gate(uint64_t entry)
{
	uint64_t *words = (uint64_t *)&before;

	hostile = false;
	view = NORMAL;
	cr3 = GUEST_CR3;
	apply_world();
	memset((void *)GUEST_STACK, 0x5a, GUEST_STACK_SIZE);
	for (int i = 0; i < 16; i++)
		words[i] = 0x1111111111111111ull * (uint64_t)i + 0xf000000000000001ull;
	before.rsp = GUEST_STACK + GUEST_STACK_SIZE - 256;
	before.flags = 0x202 | FLAGS_ARITHMETIC | FLAG_DF | FLAG_AC;
	memset(&after, 0, sizeof(after));
	memset(&at_target, 0, sizeof(at_target));
	memset(&seen, 0, sizeof(seen));
	calls = 0;
	hook_entry = GATE + entry;
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

static void expect_clean_return(void)
{
	CHECK(memcmp(&before, &after, sizeof(before)) == 0);
	CHECK(view == NORMAL && cr3 == GUEST_CR3);
	CHECK(calls == 1);
	/* nothing above the hook's own stack pointer was written */
	for (uint64_t at = before.rsp; at < GUEST_STACK + GUEST_STACK_SIZE; at++)
		CHECK(*(uint8_t *)at == 0x5a);
}

static void a_fentry_hook_gets_every_register_and_flag_back(void)
{
	verdict = 0;
	call_gate(GATE_g1_fentry);
	expect_clean_return();
}

static void the_monitor_sees_the_call_as_the_hook_made_it(void)
{
	call_gate(GATE_g1_fentry);
	CHECK(seen.guest_cr3 == GUEST_CR3);
	CHECK(seen.guest_rsp == before.rsp);
	CHECK(seen.current_task == CURRENT_TASK);
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(seen.argument[0] == before.rdi && seen.argument[1] == before.rsi && seen.argument[2] == before.rdx);
	CHECK(seen.argument[3] == before.rcx && seen.argument[4] == before.r8 && seen.argument[5] == before.r9);
}

static void the_monitor_runs_on_an_aligned_stack_of_its_own_with_known_flags(void)
{
	call_gate(GATE_g1_fentry);
	CHECK(seen_stack % 16 == 0);
	CHECK(seen_stack + sizeof(struct sim_call) + 16 == STACKS + STACK_STRIDE);
	CHECK((seen_flags & (FLAG_DF | FLAG_AC | FLAG_TF | FLAG_NT)) == 0);
	CHECK(seen_bits == 1);
	CHECK(*bitmap_alias == 0);
}

static void a_fentry_hook_cannot_be_denied(void)
{
	verdict = -13;
	call_gate(GATE_g1_fentry);
	expect_clean_return();
	verdict = 0;
}

static const uint64_t stubs[16] = { GATE_g1_call_stub_0,  GATE_g1_call_stub_1,	GATE_g1_call_stub_2,  GATE_g1_call_stub_3,
				    GATE_g1_call_stub_4,  GATE_g1_call_stub_5,	GATE_g1_call_stub_6,  GATE_g1_call_stub_7,
				    GATE_g1_call_stub_8,  GATE_g1_call_stub_9,	GATE_g1_call_stub_10, GATE_g1_call_stub_11,
				    GATE_g1_call_stub_12, GATE_g1_call_stub_13, GATE_g1_call_stub_14, GATE_g1_call_stub_15 };

static void a_redirected_call_goes_on_to_its_target_as_if_called_directly(void)
{
	struct registers expected;

	for (int i = 0; i < 16; i++) {
		call_gate(stubs[i]);
		expect_clean_return();
		CHECK(seen.guest_rsp == before.rsp);
		CHECK(seen.return_address == (uint64_t)hook_return);
		expected = before;
		expected.rsp -= 8; /* the return address */
		CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
		CHECK(link_at_target == (uint64_t)hook_return);
	}
}

static void a_denied_call_reaches_its_target_with_minus_one_as_second_argument(void)
{
	struct registers expected;

	verdict = -1;
	call_gate(stubs[3]);
	verdict = 0;
	expected = before;
	expected.rsp -= 8;
	expected.rsi = ~0ull;
	CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
}

/* ---- The gate of a monitor outside ---------------------------------------- */

static const uint64_t exit_stubs[16] = {
	GATE_x1_call_stub_0,  GATE_x1_call_stub_1,  GATE_x1_call_stub_2,  GATE_x1_call_stub_3,
	GATE_x1_call_stub_4,  GATE_x1_call_stub_5,  GATE_x1_call_stub_6,  GATE_x1_call_stub_7,
	GATE_x1_call_stub_8,  GATE_x1_call_stub_9,  GATE_x1_call_stub_10, GATE_x1_call_stub_11,
	GATE_x1_call_stub_12, GATE_x1_call_stub_13, GATE_x1_call_stub_14, GATE_x1_call_stub_15
};

static void call_exit_gate(uint64_t entry)
{
	outside = true;
	call_gate(entry - GATE_EXIT_PAGE);
	outside = false;
}

static void the_exit_gate_shows_the_call_as_the_hook_made_it(void)
{
	call_exit_gate(GATE_x1_fentry);
	CHECK(seen.guest_cr3 == GUEST_CR3);
	CHECK(seen.guest_rsp == before.rsp);
	CHECK(seen.current_task == CURRENT_TASK);
	CHECK(seen.return_address == (uint64_t)hook_return);
	CHECK(seen.argument[0] == before.rdi && seen.argument[1] == before.rsi && seen.argument[2] == before.rdx);
	CHECK(seen.argument[3] == before.rcx && seen.argument[4] == before.r8 && seen.argument[5] == before.r9);
}

static void the_exit_gate_gives_every_register_and_flag_back(void)
{
	struct registers expected;

	for (verdict = 0; verdict >= -1; verdict--) { /* a fentry hook cannot be denied */
		call_exit_gate(GATE_x1_fentry);
		expect_clean_return();
	}
	verdict = 0;
	for (int i = 0; i < 16; i++) {
		call_exit_gate(exit_stubs[i]);
		expect_clean_return();
		expected = before;
		expected.rsp -= 8; /* the return address */
		CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
		CHECK(seen.guest_rsp == before.rsp && seen.return_address == (uint64_t)hook_return);
	}
}

static void the_exit_gate_denies_a_redirected_call(void)
{
	struct registers expected;

	verdict = -1;
	call_exit_gate(exit_stubs[5]);
	verdict = 0;
	expected = before;
	expected.rsp -= 8;
	expected.rsi = ~0ull;
	CHECK(memcmp(&expected, &at_target, sizeof(expected)) == 0);
}

/* ---- Stacks ---------------------------------------------------------------- */

static void it_takes_the_first_free_stack_and_gives_back_only_that(void)
{
	*bitmap_alias = 0x8000000000000003ull;
	call_gate(GATE_g1_fentry);
	CHECK(seen_stack + sizeof(struct sim_call) + 16 == STACKS + 3 * STACK_STRIDE);
	CHECK(seen_bits == 0x8000000000000007ull);
	CHECK(*bitmap_alias == 0x8000000000000003ull);
	*bitmap_alias = 0;
}

static void *free_a_stack_later(void *argument)
{
	(void)argument;
	usleep(20000);
	__atomic_and_fetch(bitmap_alias, ~4ull, __ATOMIC_SEQ_CST);
	return NULL;
}

static void it_gives_up_when_no_stack_comes_free(void)
{
	hostile = false;
	view = SIM;
	cr3 = GUEST_CR3;
	*bitmap_alias = 0xf;
	apply_world();
	wide = true;
	memset(wanted, 0, sizeof(wanted));
	wanted[REG_EFL] = 0x202;
	wanted[REG_RIP] = (greg_t)(GATE + PAGE);
	if (sigsetjmp(ended, 1) == 0)
		raise(SIGUSR1);
	CHECK(view == SIM && cr3 == SIM_CR3);
	CHECK(*(const uint8_t *)(at_end[REG_RIP] - 1) == 0xcc);
	CHECK(*bitmap_alias == 0xf);
	*bitmap_alias = 0;
}

static void it_waits_while_every_stack_is_taken(void)
{
	pthread_t thread;

	*bitmap_alias = 0xf;
	CHECK(pthread_create(&thread, NULL, free_a_stack_later, NULL) == 0);
	call_gate(GATE_g1_fentry);
	pthread_join(thread, NULL);
	CHECK(seen_stack + sizeof(struct sim_call) + 16 == STACKS + 3 * STACK_STRIDE);
	CHECK(*bitmap_alias == 0xb);
	*bitmap_alias = 0;
}

/* ---- Jumps into the gate -------------------------------------------------- */

static uint64_t random_state = 88172645463325252ull;

static uint64_t random_number(void)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return random_state;
}

static bool secret(uint64_t value)
{
	static const struct {
		uint64_t start, size;
	} secrets[] = { { SIM_CR3, PAGE }, { BITMAP, PAGE }, { STACKS, STACK_COUNT * STACK_STRIDE + 1 }, { DISPATCH_PAGE, PAGE } };

	for (size_t i = 0; i < sizeof(secrets) / sizeof(*secrets); i++)
		if (value - secrets[i].start < secrets[i].size ||
		    (uint32_t)value - (uint32_t)secrets[i].start < secrets[i].size)
			return true;
	return false;
}

/* What an attacker puts into registers and memory: pointers he can use, the gate's own numbers, anything. */
static uint64_t hostile_value(void)
{
	uint64_t value;

	switch (random_number() % 6) {
	case 0:
		return GUEST_STACK + PAGE + (random_number() % 64) * 8;
	case 1:
		return random_number() % 4;
	case 2:
		return GUEST_CR3;
	case 3:
		return GATE + random_number() % (2 * PAGE);
	}
	do
		value = random_number();
	while (secret(value));
	return value;
}

/* Goes on at this address in the SIM view, with the attacker's CR3 and registers. */
static enum outcome land(uint64_t address, bool wide_code)
{
	struct itimerval timer = { .it_value = { .tv_usec = 20000 } }, none = { 0 };
	enum outcome outcome;

	hostile = true;
	view = SIM;
	cr3 = GUEST_CR3;
	wide = wide_code;
	*bitmap_alias = 0;
	apply_world();
	for (uint64_t at = GUEST_STACK; at < GUEST_STACK + GUEST_STACK_SIZE; at += 8)
		*(uint64_t *)at = hostile_value();
	for (int i = 0; i < 16; i++)
		wanted[register_of[i]] = (greg_t)hostile_value();
	wanted[REG_RSP] = (greg_t)(GUEST_STACK + PAGE);
	wanted[REG_EFL] = 0x202 | (greg_t)(random_number() & FLAGS_ARITHMETIC);
	wanted[REG_RIP] = (greg_t)address;
	if (!wide_code)
		for (int i = 0; i < 16; i++)
			wanted[register_of[i]] &= 0xffffffffll;
	outcome = (enum outcome)sigsetjmp(ended, 1);
	if (outcome == RUNNING) {
		setitimer(ITIMER_VIRTUAL, &timer, NULL);
		raise(SIGUSR1);
		CHECK(!"came back by itself");
	}
	setitimer(ITIMER_VIRTUAL, &none, NULL);
	return outcome;
}

static void expect_no_secret(uint64_t address)
{
	view = NORMAL;
	apply_world();
	for (int i = 0; i < 16; i++) {
		if (secret((uint64_t)at_end[register_of[i]])) {
			fprintf(stderr, "FAILED landing at %llx: register %d left with %llx\n", (unsigned long long)address, i,
				(unsigned long long)at_end[register_of[i]]);
			exit(1);
		}
	}
	for (uint64_t at = GUEST_STACK; at < GUEST_STACK + GUEST_STACK_SIZE; at += 8) {
		if (secret(*(uint64_t *)at)) {
			fprintf(stderr, "FAILED landing at %llx: %llx in the guest's memory\n", (unsigned long long)address,
				(unsigned long long)*(uint64_t *)at);
			exit(1);
		}
	}
	/* a forged call has given its stack back */
	CHECK(*bitmap_alias == 0);
}

/* Most of both pages is int3; the rest is worth more tries. */
static int rounds_at(uint64_t offset)
{
	bool code = (offset >= PAGE && offset < GATE_g2_code_end) ||
		    (offset + 8 >= GATE_g1_exit && offset < GATE_g1_exit + 8);

	return code ? 200 : 1;
}

static void land_everywhere(bool wide_code)
{
	unsigned count[4] = { 0 };
	unsigned all = 0;

	for (uint64_t offset = 0; offset < 2 * PAGE; offset++) {
		for (int round = 0; round < rounds_at(offset); round++) {
			enum outcome outcome = land(GATE + offset, wide_code);

			count[outcome]++;
			all++;
			if (outcome == LEFT)
				expect_no_secret(GATE + offset);
			/* Whoever makes the search for a stack search his own full bitmap waits for its end. */
			if (outcome == STUCK)
				CHECK(offset >= PAGE && offset < GATE_g2_code_end);
			/* int3 is what stops a jump to where no code is */
			if (offset > PAGE + 0x400)
				CHECK(outcome == STOPPED && (uint64_t)at_end[REG_RIP] == GATE + offset + 1);
		}
	}
	printf("     %u landings: %u stopped, %u left with nothing, %u still searching after 20 ms\n", all, count[STOPPED], count[LEFT], count[STUCK]);
	CHECK(count[STOPPED] > 0 && count[LEFT] > 0);
}

static void a_jump_to_any_byte_with_hostile_registers_learns_nothing(void)
{
	land_everywhere(true);
}

static void nor_does_one_in_32_bit_mode(void)
{
	land_everywhere(false);
}

static void the_first_instruction_stops_32_bit_code(void)
{
	for (int i = 0; i < 1000; i++) {
		CHECK(land(GATE + PAGE, false) == STOPPED);
		CHECK(cr3 == GUEST_CR3);
		CHECK((uint64_t)at_end[REG_RIP] < GATE + GATE_g2_code_end);
	}
}

static void g1_in_the_sim_view_stops_all_but_the_exit(void)
{
	for (uint64_t offset = 0; offset < PAGE; offset++) {
		enum outcome outcome = land(GATE + offset, true);

		CHECK(outcome == STOPPED || offset == GATE_g1_exit);
	}
}

static void the_exit_cannot_be_used_as_a_second_entry(void)
{
	/* VMFUNC(0, 1) at the exit: goes on in the SIM view, at int3 */
	unsigned entered = 0;

	for (int i = 0; i < 2000; i++) {
		enum outcome outcome = land(GATE + GATE_g1_exit, true);

		if (outcome == STOPPED && (uint64_t)at_end[REG_RIP] == GATE + GATE_g1_exit + 4)
			entered++;
		else
			CHECK(outcome == LEFT || (uint64_t)at_end[REG_RIP] == GATE + GATE_g1_exit);
	}
	CHECK(entered > 0);
}

static void a_forged_call_is_made_and_returns(void)
{
	unsigned left = 0;

	for (int i = 0; i < 100; i++) {
		calls = 0;
		enum outcome outcome = land(GATE + PAGE, true);

		CHECK(outcome == LEFT);
		expect_no_secret(GATE + PAGE);
		left += calls;
	}
	CHECK(left == 100);
}

int main(int argc, char **argv)
{
	CHECK(argc == 2);
	build_machine(argv[1]);
	printf("The gate, run\n");
	TEST(a_fentry_hook_gets_every_register_and_flag_back);
	TEST(the_monitor_sees_the_call_as_the_hook_made_it);
	TEST(the_monitor_runs_on_an_aligned_stack_of_its_own_with_known_flags);
	TEST(a_fentry_hook_cannot_be_denied);
	TEST(a_redirected_call_goes_on_to_its_target_as_if_called_directly);
	TEST(a_denied_call_reaches_its_target_with_minus_one_as_second_argument);
	TEST(the_exit_gate_shows_the_call_as_the_hook_made_it);
	TEST(the_exit_gate_gives_every_register_and_flag_back);
	TEST(the_exit_gate_denies_a_redirected_call);
	TEST(it_takes_the_first_free_stack_and_gives_back_only_that);
	TEST(it_waits_while_every_stack_is_taken);
	TEST(it_gives_up_when_no_stack_comes_free);
	TEST(a_forged_call_is_made_and_returns);
	TEST(g1_in_the_sim_view_stops_all_but_the_exit);
	TEST(the_exit_cannot_be_used_as_a_second_entry);
	TEST(the_first_instruction_stops_32_bit_code);
	TEST(a_jump_to_any_byte_with_hostile_registers_learns_nothing);
	TEST(nor_does_one_in_32_bit_mode);
	return 0;
}
