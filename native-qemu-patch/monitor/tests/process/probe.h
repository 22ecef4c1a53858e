/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the monitor `probe` does, by its call's second argument. */
#define PROBE_NOTHING 0
#define PROBE_EMIT 1
#define PROBE_WRITE_GUEST 2
#define PROBE_WRITE_CONFIG 3
#define PROBE_OPEN_FILE 4
