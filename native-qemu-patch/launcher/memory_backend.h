/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Guest RAM on libvirt's command line, made readable for the manager.
 */
#ifndef SIM_MEMORY_BACKEND_H
#define SIM_MEMORY_BACKEND_H

#include <stddef.h>

enum backend_verdict {
	BACKEND_KEEP,    /* not guest RAM, or already shared: pass the argument on as it is */
	BACKEND_REPLACE, /* pass *replacement (malloc'ed) on instead */
	BACKEND_PRIVATE, /* guest RAM in a private file: the manager could not see what the guest writes */
	BACKEND_MALFORMED
};

/*
 * Judges the value of one `-object` option, in either of the forms that libvirt writes: JSON
 * ({"qom-type":"memory-backend-ram","id":"pc.ram",...}; libvirt 6.10 and later with QEMU 6.0) or
 * `memory-backend-ram,id=pc.ram,...`.
 *
 * Anonymous memory (memory-backend-ram) and a private memfd become a shared memory-backend-memfd with all
 * other properties kept. The RAM block keeps its name (the object's id): saved images depend on it.
 * id receives the object's id (cut to id_size) for messages.
 */
enum backend_verdict memory_backend_judge(const char *value, char **replacement, char *id, size_t id_size);

#endif
