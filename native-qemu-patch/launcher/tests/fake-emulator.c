/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Stands where the patched QEMU stands and prints its arguments, one a line. */
#include <stdio.h>

int main(int argc, char **argv)
{
	for (int i = 1; i < argc; i++)
		puts(argv[i]);
	return 0;
}
