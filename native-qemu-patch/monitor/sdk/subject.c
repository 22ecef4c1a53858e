/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The subject of an event, from the guest's task_struct and cred (linux/sched.h, linux/cred.h). */
#include "sdk.h"
#include "sim_event.h"
#include "sim_fields.h"

SIM_SLOT(sim_slot_task_size, "size:task_struct");
SIM_SLOT(sim_slot_task_pid, "offset:task_struct.pid");
SIM_SLOT(sim_slot_task_tgid, "offset:task_struct.tgid");
SIM_SLOT(sim_slot_task_real_parent, "offset:task_struct.real_parent");
SIM_SLOT(sim_slot_task_cred, "offset:task_struct.cred");
SIM_SLOT(sim_slot_task_comm, "offset:task_struct.comm");
SIM_SLOT(sim_slot_cred_size, "size:cred");
SIM_SLOT(sim_slot_cred_uid, "offset:cred.uid");
SIM_SLOT(sim_slot_cred_gid, "offset:cred.gid");
SIM_SLOT(sim_slot_cred_euid, "offset:cred.euid");
SIM_SLOT(sim_slot_cred_egid, "offset:cred.egid");

static __always_inline uint16_t read_fields(struct sim_memory *memory, const struct sim_piece *task,
					    const struct sim_piece *cred,
					    struct sim_subject *subject)
{
	uint64_t pid, tgid, parent_address, ppid, uid, gid, euid, egid, comm[2];
	struct sim_piece parent;
	_Bool readable = 1;

	readable &= sim_field(memory, task, sim_slot_task_pid, 4, &pid);
	readable &= sim_field(memory, task, sim_slot_task_tgid, 4, &tgid);
	readable &= sim_field(memory, task, sim_slot_task_comm, 8, &comm[0]);
	readable &= sim_field(memory, task, sim_slot_task_comm + 8, 8, &comm[1]);
	readable &= sim_field(memory, task, sim_slot_task_real_parent, 8, &parent_address);
	parent = sim_piece_at(memory, parent_address + sim_slot_task_tgid, 4);
	readable &= sim_field(memory, &parent, 0, 4, &ppid);
	readable &= sim_field(memory, cred, sim_slot_cred_uid, 4, &uid);
	readable &= sim_field(memory, cred, sim_slot_cred_gid, 4, &gid);
	readable &= sim_field(memory, cred, sim_slot_cred_euid, 4, &euid);
	readable &= sim_field(memory, cred, sim_slot_cred_egid, 4, &egid);
	subject->task = task->address;
	subject->pid = (int32_t)pid;
	subject->tgid = (int32_t)tgid;
	subject->ppid = (int32_t)ppid;
	subject->uid = (uint32_t)uid;
	subject->euid = (uint32_t)euid;
	subject->gid = (uint32_t)gid;
	subject->egid = (uint32_t)egid;
	((sim_unaligned_u64 *)subject->comm)[0] = comm[0];
	((sim_unaligned_u64 *)subject->comm)[1] = comm[1];
	return readable ? 0 : SIM_EVENT_UNREADABLE;
}

/* A task or credentials that aren't in one piece: init_task's, or what a hostile guest made up. */
static noinline uint16_t read_scattered(struct sim_memory *memory, const struct sim_piece *task,
					const struct sim_piece *cred, struct sim_subject *subject)
{
	return read_fields(memory, task, cred, subject);
}

inline uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task,
				 struct sim_subject *subject)
{
	struct sim_piece at = sim_piece_at(memory, task, sim_slot_task_size), cred;
	uint64_t cred_address;

	sim_field(memory, &at, sim_slot_task_cred, 8, &cred_address);
	cred = sim_piece_at(memory, cred_address, sim_slot_cred_size);
	if (SIM_LIKELY(at.bytes && cred.bytes))
		return read_fields(memory, &at, &cred, subject);
	return read_scattered(memory, &(struct sim_piece){ at.address, at.bytes },
			      &(struct sim_piece){ cred.address, cred.bytes }, subject);
}
