// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A live patch as a distribution ships them: while it is in force, /proc/uptime says `patched`.
 */
#include <linux/livepatch.h>
#include <linux/module.h>
#include <linux/seq_file.h>

static int patched_uptime(struct seq_file *file, void *nothing)
{
	seq_puts(file, "patched\n");
	return 0;
}

static struct klp_func functions[] = {
	{ .old_name = "uptime_proc_show", .new_func = patched_uptime }, {}
};

static struct klp_object objects[] = { { .funcs = functions }, /* the kernel itself */
				       {} };

static struct klp_patch patch = { .mod = THIS_MODULE, .objs = objects };

static int __init livepatch_init(void)
{
	return klp_enable_patch(&patch);
}

static void __exit livepatch_exit(void)
{
}

module_init(livepatch_init);
module_exit(livepatch_exit);
MODULE_DESCRIPTION("Live patch of a function of the kernel's own");
MODULE_INFO(livepatch, "Y");
MODULE_LICENSE("GPL");
