/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bochs ends when a guest writes "Shutdown" to this port (Bochs, iodev/unmapped.cc). */
#include <sys/io.h>
#include <unistd.h>

#define SHUTDOWN_PORT 0x8900

int main(void)
{
	/* Let the serial port drain. */
	usleep(200000);
	if (iopl(3))
		return 1;
	for (const char *letter = "Shutdown"; *letter; letter++)
		outb(*letter, SHUTDOWN_PORT);
	return 0;
}
