/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who did it, as the guest's task_struct and cred say (include/linux/sched.h, cred.h). */
#include "sdk.h"

SIM_SLOT(sim_slot_task_pid, "offset:task_struct.pid");
SIM_SLOT(sim_slot_task_tgid, "offset:task_struct.tgid");
SIM_SLOT(sim_slot_task_real_parent, "offset:task_struct.real_parent");
SIM_SLOT(sim_slot_task_cred, "offset:task_struct.cred");
SIM_SLOT(sim_slot_task_comm, "offset:task_struct.comm");
SIM_SLOT(sim_slot_cred_uid, "offset:cred.uid");
SIM_SLOT(sim_slot_cred_gid, "offset:cred.gid");
SIM_SLOT(sim_slot_cred_euid, "offset:cred.euid");
SIM_SLOT(sim_slot_cred_egid, "offset:cred.egid");

static inline __attribute__((always_inline)) uint16_t read_subject(struct sim_memory *memory,
								   uint64_t task,
								   struct sim_subject *subject)
{
	struct sim_piece at = sim_piece_at(memory, task), parent, cred;
	uint64_t parent_address, cred_address, first, second;
	uint32_t pid, tgid, ppid, uid, gid, euid, egid;
	_Bool readable = 1;

	readable &= sim_piece_u32(memory, &at, sim_slot_task_pid, &pid);
	readable &= sim_piece_u32(memory, &at, sim_slot_task_tgid, &tgid);
	readable &= sim_piece_u64(memory, &at, sim_slot_task_comm, &first);
	readable &= sim_piece_u64(memory, &at, sim_slot_task_comm + sizeof(first), &second);
	readable &= sim_piece_u64(memory, &at, sim_slot_task_real_parent, &parent_address);
	readable &= sim_piece_u64(memory, &at, sim_slot_task_cred, &cred_address);
	parent = sim_piece_at(memory, parent_address);
	readable &= sim_piece_u32(memory, &parent, sim_slot_task_tgid, &ppid);
	cred = sim_piece_at(memory, cred_address);
	readable &= sim_piece_u32(memory, &cred, sim_slot_cred_uid, &uid);
	readable &= sim_piece_u32(memory, &cred, sim_slot_cred_gid, &gid);
	readable &= sim_piece_u32(memory, &cred, sim_slot_cred_euid, &euid);
	readable &= sim_piece_u32(memory, &cred, sim_slot_cred_egid, &egid);
	subject->task = task;
	subject->pid = (int32_t)pid;
	subject->tgid = (int32_t)tgid;
	subject->ppid = (int32_t)ppid;
	subject->uid = uid;
	subject->euid = euid;
	subject->gid = gid;
	subject->egid = egid;
	subject->reserved = 0;
	((sim_unaligned_u64 *)subject->comm)[0] = first;
	((sim_unaligned_u64 *)subject->comm)[1] = second;
	return readable ? 0 : SIM_EVENT_UNREADABLE;
}

uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task, struct sim_subject *subject)
{
	return read_subject(memory, task, subject);
}

void sim_event_begin(struct sim_event *event, uint16_t type, struct sim_memory *memory,
		     const struct sim_call *call, const struct sim_hook *hook)
{
	event->size = 0;
	event->type = type;
	event->sequence = 0;
	event->tsc = __builtin_ia32_rdtsc();
	event->monitor = hook->monitor;
	event->hook = hook->id;
	event->flags = read_subject(memory, call->current_task, &event->subject);
}
