/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which arguments of which system calls are paths, strings or addresses that an event holds. */
#ifndef SIM_SYSCALL_TEXTS_H
#define SIM_SYSCALL_TEXTS_H

#include <stdint.h>

/* What an argument points to. */
enum text {
	TEXT_NONE,
	TEXT_PATH,       /* a path in argument i */
	TEXT_EXEC,       /* a path in argument i, an array of strings in i + 1 */
	TEXT_SOCKADDR,   /* an address in argument i, its size in i + 1 */
	TEXT_SOCKETCALL, /* connect's arguments, as an array of 32-bit words, in argument 1 */
	TEXT_PARAMETERS, /* a module's parameters in argument i */
};

struct texts_of {
	enum text text;
	uint32_t argument;
	uint32_t pointer_size; /* of the elements of arrays */
};

/* asm/unistd_64.h; from 512 on the numbers are x32's own (asm/unistd_x32.h). */
static struct texts_of texts_of_64(uint32_t number)
{
	switch (number) {
	case 2:  /* open */
	case 85: /* creat */
		return (struct texts_of){ TEXT_PATH, 0, 8 };
	case 257: /* openat */
	case 437: /* openat2 */
		return (struct texts_of){ TEXT_PATH, 1, 8 };
	case 59: /* execve */
		return (struct texts_of){ TEXT_EXEC, 0, 8 };
	case 520: /* execve, x32 */
		return (struct texts_of){ TEXT_EXEC, 0, 4 };
	case 322: /* execveat */
		return (struct texts_of){ TEXT_EXEC, 1, 8 };
	case 545: /* execveat, x32 */
		return (struct texts_of){ TEXT_EXEC, 1, 4 };
	case 42: /* connect */
		return (struct texts_of){ TEXT_SOCKADDR, 1, 8 };
	case 175: /* init_module */
		return (struct texts_of){ TEXT_PARAMETERS, 2, 8 };
	case 313: /* finit_module */
		return (struct texts_of){ TEXT_PARAMETERS, 1, 8 };
	}
	return (struct texts_of){ TEXT_NONE, 0, 8 };
}

/* asm/unistd_32.h, and SYS_CONNECT of linux/net.h. */
static struct texts_of texts_of_32(uint32_t number, uint64_t first_argument)
{
	switch (number) {
	case 5: /* open */
	case 8: /* creat */
		return (struct texts_of){ TEXT_PATH, 0, 4 };
	case 295: /* openat */
	case 437: /* openat2 */
		return (struct texts_of){ TEXT_PATH, 1, 4 };
	case 11: /* execve */
		return (struct texts_of){ TEXT_EXEC, 0, 4 };
	case 358: /* execveat */
		return (struct texts_of){ TEXT_EXEC, 1, 4 };
	case 362: /* connect */
		return (struct texts_of){ TEXT_SOCKADDR, 1, 4 };
	case 102: /* socketcall */
		if (first_argument == 3)
			return (struct texts_of){ TEXT_SOCKETCALL, 1, 4 };
		break;
	case 128: /* init_module */
		return (struct texts_of){ TEXT_PARAMETERS, 2, 4 };
	case 350: /* finit_module */
		return (struct texts_of){ TEXT_PARAMETERS, 1, 4 };
	}
	return (struct texts_of){ TEXT_NONE, 0, 4 };
}

#endif
