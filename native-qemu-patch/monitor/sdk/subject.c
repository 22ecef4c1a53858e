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

uint16_t sim_read_subject(struct sim_memory *memory, uint64_t task, struct sim_subject *subject)
{
	uint64_t parent, cred, comm[2];
	_Bool readable = 1;

	memset(subject, 0, sizeof(*subject));
	subject->task = task;
	readable &= sim_read_u32(memory, task + sim_slot_task_pid, (uint32_t *)&subject->pid);
	readable &= sim_read_u32(memory, task + sim_slot_task_tgid, (uint32_t *)&subject->tgid);
	readable &= sim_read_u64(memory, task + sim_slot_task_comm, &comm[0]);
	readable &= sim_read_u64(memory, task + sim_slot_task_comm + 8, &comm[1]);
	__builtin_memcpy(subject->comm, comm, sizeof(comm));
	readable &= sim_read_u64(memory, task + sim_slot_task_real_parent, &parent);
	readable &= sim_read_u32(memory, parent + sim_slot_task_tgid, (uint32_t *)&subject->ppid);
	readable &= sim_read_u64(memory, task + sim_slot_task_cred, &cred);
	readable &= sim_read_u32(memory, cred + sim_slot_cred_uid, &subject->uid);
	readable &= sim_read_u32(memory, cred + sim_slot_cred_gid, &subject->gid);
	readable &= sim_read_u32(memory, cred + sim_slot_cred_euid, &subject->euid);
	readable &= sim_read_u32(memory, cred + sim_slot_cred_egid, &subject->egid);
	return readable ? 0 : SIM_EVENT_UNREADABLE;
}
