// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Registers kprobes as an agent's module does: at the entry of each function of the parameter
 * `functions`, where the kernel of a guest under SIM has to refuse them, and beside it: on each
 * instruction up to 32 bytes away, and on one in each 48 bytes of its page. Says
 *
 *	probes: FUNCTION: kprobe ERROR, kretprobe ERROR, hook ACCEPTED, beside COUNT
 *
 * where ACCEPTED is how many of the five bytes at the entry took a probe. The probes beside stay
 * until the module goes, which says how often they were hit.
 */
#include <linux/kprobes.h>
#include <linux/module.h>

#define HOOK_LENGTH 5
#define NEAR 32
#define STRIDE 48
#define MOST 512
#define CALL 0xe8

static char *functions[8];
static int function_count;
module_param_array(functions, charp, &function_count, 0);

static struct kprobe probes[MOST];
static struct kprobe *registered[MOST];
static int count;
static atomic_t hits = ATOMIC_INIT(0);

static int hit(struct kprobe *probe, struct pt_regs *regs)
{
	atomic_inc(&hits);
	return 0;
}

static int returned(struct kretprobe_instance *instance, struct pt_regs *regs)
{
	return 0;
}

/* Keeps the probe if the kernel takes it. */
static bool probe_at(unsigned long address)
{
	struct kprobe *probe = &probes[count];

	if (count == MOST)
		return false;
	memset(probe, 0, sizeof(*probe));
	probe->addr = (kprobe_opcode_t *)address;
	probe->pre_handler = hit;
	if (register_kprobe(probe))
		return false;
	registered[count++] = probe;
	return true;
}

static int probe_entry(const char *function, unsigned long *entry)
{
	struct kprobe probe = { .symbol_name = function, .pre_handler = hit };
	int error = register_kprobe(&probe);

	*entry = (unsigned long)probe.addr; /* found, whether or not it was refused */
	if (!error)
		unregister_kprobe(&probe);
	return error;
}

static int probe_return(const char *function)
{
	struct kretprobe probe = { .kp.symbol_name = function, .handler = returned };
	int error = register_kretprobe(&probe);

	if (!error)
		unregister_kretprobe(&probe);
	return error;
}

static int probe_beside(unsigned long hook)
{
	unsigned long page = hook & PAGE_MASK, last = page - STRIDE;
	int before = count;

	for (unsigned long at = page; at < page + PAGE_SIZE; at++) {
		bool near = at + NEAR >= hook && at < hook + HOOK_LENGTH + NEAR;

		if (at >= hook && at < hook + HOOK_LENGTH)
			continue;
		if ((near || at - last >= STRIDE) && probe_at(at))
			last = at;
	}
	return count - before;
}

static void probe_function(const char *function)
{
	unsigned long hook;
	int entry = probe_entry(function, &hook), back = probe_return(function), accepted = 0;
	int beside;

	if (!hook || IS_ERR_VALUE(hook)) {
		pr_info("probes: %s: not found\n", function);
		return;
	}
	if (*(u8 *)hook != CALL)
		hook += 4; /* behind ENDBR64 */
	for (int i = 0; i < HOOK_LENGTH; i++)
		accepted += probe_at(hook + i);
	beside = probe_beside(hook);
	pr_info("probes: %s: kprobe %d, kretprobe %d, hook %d, beside %d\n", function, entry, back,
		accepted, beside);
}

static int __init probes_init(void)
{
	for (int i = 0; i < function_count; i++)
		probe_function(functions[i]);
	return 0;
}

static void __exit probes_exit(void)
{
	unregister_kprobes(registered, count);
	pr_info("probes: %d hits\n", atomic_read(&hits));
}

module_init(probes_init);
module_exit(probes_exit);
MODULE_LICENSE("GPL");
MODULE_DESCRIPTION("kprobes on hooked functions and beside them");
