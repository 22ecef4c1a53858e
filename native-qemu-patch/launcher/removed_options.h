/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * removed_options: options that older libvirts pass and the patched QEMU no longer knows.
 */
#ifndef SIM_REMOVED_OPTIONS_H
#define SIM_REMOVED_OPTIONS_H

/*
 * Returns a copy of the argument vector, ended by NULL, in which each option that QEMU removed in
 * 8.0 to 10.0 is what QEMU's docs/about/removed-features.rst names in its place. Sets *argc to its
 * length; the arguments that stay are those of argv. Returns NULL if memory is short.
 */
char **removed_options_translate(int *argc, char **argv);

#endif
