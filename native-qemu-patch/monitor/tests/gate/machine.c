/* SPDX-License-Identifier: GPL-2.0-or-later */
#define _GNU_SOURCE
#include <asm/prctl.h>
#include <fcntl.h>
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

/* ---- The guest: a hook that calls the gate ------------------------------- */

__attribute__((used)) struct registers before, after, at_target;
__attribute__((used)) uint64_t link_at_target;
__attribute__((used)) static uint64_t host_rsp, hook_entry;
static unsigned long gs_area[16];

void run_hook(void);
extern const char target_reached[], monitor_entry[];

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
	"pushfq\n pop at_target+128(%rip)\n push at_target+128(%rip)\n popfq\n ret\n"
	".globl monitor_entry\n"
	"monitor_entry:\n endbr64\n pushfq\n pop %rsi\n jmp monitor\n");
/* clang-format on */

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

struct filter_symbols {
	uint64_t load, mask, count, skip, target, bits;
};

#define FILTER_SYMBOLS(page, n)                                           \
	{ GATE_##page##_filter_load_##n,   GATE_##page##_filter_mask_##n, \
	  GATE_##page##_filter_count_##n,  GATE_##page##_filter_skip_##n, \
	  GATE_##page##_filter_target_##n, GATE_##page##_filter_bits_##n }

static void patch(uint8_t *pages, uint64_t symbol, uint64_t value, size_t size)
{
	memcpy(pages + symbol, &value, size);
}

bool filter_wants(uint32_t number)
{
	return number >= FILTER_COUNT || number % 7 == 3 || number == FILTER_COUNT - 1;
}

/* As the manager does. */
static void patch_filter(uint8_t *pages, const struct filter_symbols *filter, bool field,
			 uint64_t page)
{
	uint64_t target = TARGETS + 5 * 64;

	if (field) {
		patch(pages, filter->load, 0x878b, 2); /* mov disp32(%rdi), %eax */
		patch(pages, filter->load + 2, FILTER_FIELD, 4);
	} else {
		patch(pages, filter->load, 0x868d,
		      6); /* lea 0(%rsi), %eax, with 32 bits of displacement */
	}
	patch(pages, filter->mask, field ? ~0u : ~FILTER_IGNORED, 4);
	patch(pages, filter->count, FILTER_COUNT, 4);
	patch(pages, filter->skip, target - (GATE + filter->skip - page + 4), 4);
	patch(pages, filter->target, target - (GATE + filter->target - page + 4), 4);
	memset(pages + filter->bits, 0, 128);
	for (uint32_t number = 0; number < FILTER_COUNT; number++)
		pages[filter->bits + number / 8] |= (uint8_t)(filter_wants(number) << number % 8);
}

void build_machine(const char *path)
{
	static uint8_t pages[4 * PAGE];
	static uint8_t signal_stack[256 << 10];
	stack_t alternative = { .ss_sp = signal_stack, .ss_size = sizeof(signal_stack) };
	struct sigaction action = { .sa_sigaction = on_signal,
				    .sa_flags = SA_SIGINFO | SA_ONSTACK };
	const int signals[] = { SIGSEGV, SIGILL, SIGTRAP, SIGBUS, SIGFPE, SIGVTALRM, SIGUSR1 };
	int file = open(path, O_RDONLY), stacks_file;
	static const uint64_t targets[16] = { GATE_g1_call_target_0,  GATE_g1_call_target_1,
					      GATE_g1_call_target_2,  GATE_g1_call_target_3,
					      GATE_g1_call_target_4,  GATE_g1_call_target_5,
					      GATE_g1_call_target_6,  GATE_g1_call_target_7,
					      GATE_g1_call_target_8,  GATE_g1_call_target_9,
					      GATE_g1_call_target_10, GATE_g1_call_target_11,
					      GATE_g1_call_target_12, GATE_g1_call_target_13,
					      GATE_g1_call_target_14, GATE_g1_call_target_15 };
	static const uint64_t exit_targets[16] = { GATE_x1_call_target_0,  GATE_x1_call_target_1,
						   GATE_x1_call_target_2,  GATE_x1_call_target_3,
						   GATE_x1_call_target_4,  GATE_x1_call_target_5,
						   GATE_x1_call_target_6,  GATE_x1_call_target_7,
						   GATE_x1_call_target_8,  GATE_x1_call_target_9,
						   GATE_x1_call_target_10, GATE_x1_call_target_11,
						   GATE_x1_call_target_12, GATE_x1_call_target_13,
						   GATE_x1_call_target_14, GATE_x1_call_target_15 };
	static const struct filter_symbols filters[2] = { FILTER_SYMBOLS(g1, 0),
							  FILTER_SYMBOLS(g1, 1) };
	static const struct filter_symbols exit_filters[2] = { FILTER_SYMBOLS(x1, 0),
							       FILTER_SYMBOLS(x1, 1) };
	uint8_t *code;

	CHECK(file >= 0 && read(file, pages, sizeof(pages)) == sizeof(pages));
	for (uint64_t i = 0; i < 16; i++) {
		uint64_t target = TARGETS + i * 64;

		patch(pages, targets[i], target - (GATE + targets[i] + 4), 4);
		patch(pages, exit_targets[i],
		      target - (GATE + exit_targets[i] - GATE_EXIT_PAGE + 4), 4);
	}
	for (int i = 0; i < 2; i++) {
		patch_filter(pages, &filters[i], i == 1, 0);
		patch_filter(pages, &exit_filters[i], i == 1, GATE_EXIT_PAGE);
	}
	patch(pages, GATE_x1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_x1_port, PORT, 4);
	patch(pages, GATE_g1_current_offset, CURRENT_OFFSET, 4);
	patch(pages, GATE_g2_sim_cr3, SIM_CR3, 8);
	patch(pages, GATE_g2_sim_cr3_low, (uint32_t)SIM_CR3, 4);
	patch(pages, GATE_g2_sim_cr3_high, (SIM_CR3 - (uint64_t)(int32_t)SIM_CR3) >> 31, 4);
	patch(pages, GATE_g2_stack_first, STACK_TOP(0), 8);
	patch(pages, GATE_g2_stack_again, STACK_TOP(0), 8);
	patch(pages, GATE_g2_stack_end, (uint32_t)STACK_TOP(STACK_COUNT), 4);
	patch(pages, GATE_g2_stack_stride, STACK_STRIDE, 4);
	patch(pages, GATE_g2_dispatch, DISPATCH, 8);
#ifdef GATE_g2_gate_page
	patch(pages, GATE_g2_gate_page, GATE >> 12, 4);
#endif
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

/* ---- Calls, as a hook makes them ----------------------------------------- */

void call_gate(uint64_t entry)
{
	call_gate_with(entry, NULL);
}

void call_gate_with(uint64_t entry, const uint64_t arguments[2])
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
