/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Where the host's configuration lies; core.elf and every monitor have this slot. */
#include "sim_declarations.h"

SIM_SLOT(sim_slot_config, "config");
