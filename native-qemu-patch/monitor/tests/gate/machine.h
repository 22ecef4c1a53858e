/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the built gate pages, unchanged, on this machine's CPU in user mode.
 * VMFUNC, the moves to and from CR3 and RDMSR trap there; the signal handler does what
 * they would do: it exchanges what the gate's two pages show, and decides by view
 * and CR3 which memory is there. So a gate that touches the monitor's memory before
 * the SIM CR3 is loaded, or the guest's after, faults here as it would there.
 *
 * What this can't show: interrupts, ring 0 alone instructions met by a jump into the middle
 * of another, and page tables that map every address.
 *
 * The gate of a monitor outside runs here too; the handler stands for QEMU at its `out`.
 */
#ifndef SIM_TEST_MACHINE_H
#define SIM_TEST_MACHINE_H

#include <setjmp.h>
#include <stdbool.h>
#include <stdint.h>
#include <ucontext.h>

/*
 * GATE_<symbol>: its address, with G1 at 0, G2 at 4096, G1 of the SIM view at 8192 and the exit
 * gate at 12288.
 */
#include "gate_symbols.h"

#include "check.h"
#include "sim_abi.h"

#define PAGE 4096ull

#define GATE_EXIT_PAGE (3 * PAGE)

/* The sixteen entries for redirected calls: `symbol` and a number. */
#define OF_EACH_STUB(symbol)                                                     \
	{ symbol##0,  symbol##1,  symbol##2,  symbol##3, symbol##4,  symbol##5,  \
	  symbol##6,  symbol##7,  symbol##8,  symbol##9, symbol##10, symbol##11, \
	  symbol##12, symbol##13, symbol##14, symbol##15 }

/* In reach of push imm32, and of 32-bit code. */
#define GATE 0x70000000ull
#define TARGETS 0x70100000ull
#define GUEST_STACK 0x71000000ull
#define GUEST_STACK_SIZE (2 * PAGE)
/* What the guest must not learn. */
#define STACKS 0x5b6b23456000ull
#define STACK_SIZE (4 * PAGE)
#define STACK_STRIDE (5 * PAGE)
#define STACK_COUNT 4
/* The word above the top of a stack that says whether it is taken. */
#define STACK_TOP(i) (STACKS + ((i) + 1) * STACK_STRIDE - 16)
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

/* A hook's call; the machine's own is longer, which the last branch record does not tell. */
#define HOOK_LENGTH 5
#define MSR_LASTBRANCHFROMIP 0x1db
#define MSR_LASTBRANCHTOIP 0x1dc

#define FLAG_DF 0x400ull
#define FLAG_AC 0x40000ull
#define FLAG_TF 0x100ull
#define FLAG_NT 0x4000ull
#define FLAGS_ARITHMETIC 0x8d5ull

enum view { NORMAL, SIM };
enum outcome { RUNNING, STOPPED, LEFT, STUCK };

struct registers {
	uint64_t rax, rcx, rdx, rbx, rsp, rbp, rsi, rdi, r8, r9, r10, r11, r12, r13, r14, r15,
		flags;
};

/*
 * The machine: which view, which CR3, and whether the guest's CR3 shows the guest's stack in the
 * SIM view too.
 */
extern enum view view;
extern uint64_t cr3;
extern bool hostile;
/* By a debugger, whose trap flag Linux can't always tell from one of the gate's own. */
extern bool stepped;
extern bool outside;                    /* the gate of a monitor outside is mapped */
extern bool branched_elsewhere;         /* branch_from and branch_to are set by hand */
extern uint64_t branch_from, branch_to; /* the last branch record */
extern sigjmp_buf ended;
extern greg_t wanted[23]; /* what the next SIGUSR1 continues with */
extern bool wide;         /* 64-bit code */
extern greg_t at_end[23];
extern const int register_of[16];

/* The hook that called, what it had and got back, and what the redirected call's target found. */
extern struct registers before, after, at_target;
extern uint64_t link_at_target;
extern const char hook_call[], hook_return[], target_reached[];

/* What the monitor saw, and what it answers. */
extern struct sim_call seen;
extern unsigned calls;
extern int64_t verdict;
extern uint64_t seen_stack, seen_flags, seen_taken;

/*
 * Builds the machine around the pages of this file: .g1, .g2, .g1_sim and .g1_exit, one after the
 * other.
 */
void build_machine(const char *path);

/* Reads those pages and patches them. */
void read_gate_pages(const char *path, uint8_t pages[4 * PAGE]);

/* Makes memory what view and CR3 show. */
void apply_world(void);

/*
 * Calls the gate as a hook does, at an offset in its page, or the gate of a monitor outside.
 * `arguments`: what rdi and rsi are, or NULL for anything.
 */
void call_gate(uint64_t entry);
void call_gate_with(uint64_t entry, const uint64_t arguments[2]);
void call_exit_gate(uint64_t entry);
void call_exit_gate_with(uint64_t entry, const uint64_t arguments[2]);

/*
 * What the hooked function must find after the last call, with this rsp: everything as it was, and
 * in r10 and r11 nothing of the monitor's.
 */
struct registers as_called(uint64_t rsp);

/*
 * The machine's filters: both let the numbers of filter_wants() call the gate. Filter 0 looks at
 * the second argument without bit 30, filter 1 at the word at FILTER_FIELD in what the first
 * argument points to.
 */
#define FILTER_COUNT 1000
#define FILTER_IGNORED 0x40000000u
#define FILTER_FIELD 0x78
bool filter_wants(uint32_t number);

/* Makes the gate call another dispatcher than the machine's own. */
void set_dispatch(uint64_t address);

/* Which stacks are taken, as a bitmap; as another vCPU would see and change it. */
uint64_t stacks_taken(void);
void take_stacks(uint64_t bitmap);

/* Each file's tests. */
void filter_tests(void);
void landing_tests(void);

/* Runs the gate with the real dispatcher and the null monitor, and counts. */
void count_tests(const char *core, const char *null);

#endif
