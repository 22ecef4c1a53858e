/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The machine: its CPU, as a signal handler, and its memory. */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "machine.h"

enum view view;
bool outside;
uint64_t cr3;
bool hostile;
bool stepped;
bool branched_elsewhere;
uint64_t branch_from, branch_to;
sigjmp_buf ended;
greg_t wanted[23];
bool wide;
greg_t at_end[23];

static int gate_file;
static uint8_t *stacks_alias;

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

void apply_world(void)
{
	bool monitor = view == SIM && cr3 == SIM_CR3;
	bool guest = view == NORMAL || (hostile && !monitor);

	show(GATE, outside ? 3 : view == NORMAL ? 0 : 2);
	show(GATE + PAGE, 1);
	if (view == NORMAL)
		protect(GATE + PAGE, PAGE, PROT_NONE);
	protect(GUEST_STACK, GUEST_STACK_SIZE, guest ? PROT_READ | PROT_WRITE : PROT_NONE);
	for (uint64_t i = 0; i < STACK_COUNT; i++)
		protect(STACKS + i * STACK_STRIDE + PAGE, STACK_SIZE,
			monitor ? PROT_READ | PROT_WRITE : PROT_NONE);
	protect(DISPATCH_PAGE, PAGE, monitor ? PROT_READ | PROT_EXEC : PROT_NONE);
}

const int register_of[16] = { REG_RAX, REG_RCX, REG_RDX, REG_RBX, REG_RSP, REG_RBP,
			      REG_RSI, REG_RDI, REG_R8,  REG_R9,  REG_R10, REG_R11,
			      REG_R12, REG_R13, REG_R14, REG_R15 };

static void end_with(enum outcome outcome, ucontext_t *context)
{
	memcpy(at_end, context->uc_mcontext.gregs, sizeof(at_end));
	siglongjmp(ended, outcome);
}

/* What a read of the last branch record finds; other registers hold nothing here. */
static void read_msr(greg_t *registers)
{
	uint32_t number = (uint32_t)registers[REG_RCX];
	uint64_t value = number == MSR_LASTBRANCHFROMIP ? branch_from :
			 number == MSR_LASTBRANCHTOIP   ? branch_to :
							  0;

	registers[REG_RAX] = (greg_t)(uint32_t)value;
	registers[REG_RDX] = (greg_t)(value >> 32);
	registers[REG_RIP] += 2;
}

/* Carries out VMFUNC, a move from or to CR3 or RDMSR; false if it is anything else. */
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
		if (registers[REG_EFL] &
			    (greg_t)(FLAG_DF | FLAG_AC | (stepped ? 0 : FLAG_TF) | FLAG_NT) &&
		    !hostile)
			return false;
		view = (uint32_t)registers[REG_RCX] == 1 ? SIM : NORMAL;
		registers[REG_RIP] += 3;
		apply_world();
		if (hostile && view == NORMAL)
			end_with(LEFT, context);
		return true;
	}
	if (memcmp(code, "\x0f\x32", 2) == 0) {
		read_msr(registers);
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

struct sim_call seen;
unsigned calls;
int64_t verdict;

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
		.argument = { (uint64_t)registers[REG_RDI], (uint64_t)registers[REG_RSI],
			      (uint64_t)registers[REG_R10], (uint64_t)registers[REG_RCX],
			      (uint64_t)registers[REG_R8], (uint64_t)registers[REG_R9] },
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
	/*
	 * A landing may have set AC, which a handler keeps; the C library's copies need not be
	 * aligned.
	 */
	__asm__ volatile("push $2\n popfq" : : : "memory", "cc");
	if (number == SIGUSR1) {
		for (int i = 0; i < 16; i++)
			registers[register_of[i]] = wanted[register_of[i]];
		registers[REG_RIP] = wanted[REG_RIP];
		registers[REG_EFL] = wanted[REG_EFL];
		registers[REG_CSGSFS] =
			(registers[REG_CSGSFS] & ~0xffffll) | (wide ? WIDE_CODE : NARROW_CODE);
		return;
	}
	if (number == SIGVTALRM)
		end_with(STUCK, context);
	if ((number == SIGSEGV || number == SIGILL) &&
	    (privileged(registers, context) || exit_gate_asks(registers)))
		return;
	end_with(STOPPED, context);
}

static uint32_t *taken_word(int i)
{
	return (uint32_t *)(stacks_alias + (STACK_TOP(i) - STACKS));
}

uint64_t stacks_taken(void)
{
	uint64_t bitmap = 0;

	for (int i = 0; i < STACK_COUNT; i++)
		bitmap |= (uint64_t)__atomic_load_n(taken_word(i), __ATOMIC_SEQ_CST) << i;
	return bitmap;
}

void take_stacks(uint64_t bitmap)
{
	for (int i = 0; i < STACK_COUNT; i++)
		__atomic_store_n(taken_word(i), bitmap >> i & 1, __ATOMIC_SEQ_CST);
}

void set_dispatch(uint64_t address)
{
	CHECK(pwrite(gate_file, &address, sizeof(address), GATE_g2_dispatch) == sizeof(address));
}

static unsigned long gs_area[16];

/* ---- The monitor: one function behind `g2_dispatch` ---------------------- */

uint64_t seen_stack, seen_flags, seen_taken;

__attribute__((used)) static int64_t monitor(const struct sim_call *call, uint64_t flags)
{
	seen = *call;
	seen_stack = (uint64_t)call;
	seen_flags = flags;
	seen_taken = stacks_taken();
	calls++;
	/* what a compiler may leave in every register that is not saved */
	__asm__ volatile("mov %0, %%rdx; mov %0, %%rcx; mov %0, %%rsi; mov %0, %%rdi;"
			 "mov %0, %%r8; mov %0, %%r9; mov %0, %%r10; mov %0, %%r11"
			 :
			 : "a"(STACKS + 64)
			 : "rcx", "rdx", "rsi", "rdi", "r8", "r9", "r10", "r11");
	return verdict;
}

extern const char monitor_entry[];

__asm__(".text\n"
	".globl monitor_entry\n"
	"monitor_entry:\n endbr64\n pushfq\n pop %rsi\n jmp monitor\n");

/* ---- Memory ------------------------------------------------------------ */

static void put_jump(uint8_t *at, const void *to)
{
	memcpy(at, "\xff\x25\2\0\0\0", 6); /* jmp *2(%rip): aligned, since AC may be set */
	memcpy(at + 8, &to, 8);
}

static void *map_at(uint64_t address, uint64_t size)
{
	void *at = mmap((void *)address, size, PROT_READ | PROT_WRITE,
			MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE, -1, 0);

	CHECK(at == (void *)address);
	return at;
}

void build_machine(const char *path)
{
	static uint8_t pages[4 * PAGE];
	static uint8_t signal_stack[256 << 10];
	stack_t alternative = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const int signals[] = { SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGVTALRM, SIGUSR1 };
	int stacks_file;
	uint8_t *code;

	read_gate_pages(path, pages);
	gate_file = memfd_create("gate", 0);
	CHECK(gate_file >= 0 && write(gate_file, pages, sizeof(pages)) == sizeof(pages));

	map_at(GATE, 2 * PAGE);
	code = map_at(TARGETS, PAGE);
	for (int i = 0; i < 16; i++)
		put_jump(code + i * 64, target_reached);
	protect(TARGETS, PAGE, PROT_READ | PROT_EXEC);
	map_at(GUEST_STACK, GUEST_STACK_SIZE);
	/* the stacks twice, so that "another vCPU" can write them */
	stacks_file = memfd_create("stacks", 0);
	CHECK(stacks_file >= 0 && ftruncate(stacks_file, (off_t)(STACK_COUNT * STACK_STRIDE)) == 0);
	CHECK(mmap((void *)STACKS, STACK_COUNT * STACK_STRIDE, PROT_NONE,
		   MAP_SHARED | MAP_FIXED_NOREPLACE, stacks_file, 0) == (void *)STACKS);
	stacks_alias = mmap(NULL, STACK_COUNT * STACK_STRIDE, PROT_READ | PROT_WRITE, MAP_SHARED,
			    stacks_file, 0);
	CHECK(stacks_alias != MAP_FAILED);
	put_jump((uint8_t *)map_at(DISPATCH_PAGE, PAGE) + 0x800, monitor_entry);

	gs_area[CURRENT_OFFSET / 8] = CURRENT_TASK;
	CHECK(syscall(SYS_arch_prctl, ARCH_SET_GS, gs_area) == 0);
	CHECK(sigaltstack(&alternative, NULL) == 0);
	for (size_t i = 0; i < sizeof(signals) / sizeof(*signals); i++)
		CHECK(sigaction(signals[i], &action, NULL) == 0);
}
