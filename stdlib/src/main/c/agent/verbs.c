/* verbs.c - the table of verbs: docs/agent-protocol.md in short. */
#include "agent.h"

const struct verb agent_verbs[] = {
	{"hello", "version! time! seed", 0, NULL, guest_hello, "sets the clock, says what runs", NULL},
	{"settle", "", 20000, NULL, guest_settle, "ends when all modules are loaded", NULL},
	{"mount-share", "tag! name! ro probe", 20000, "share", share_mount, "at /shares/NAME; says what it can", NULL},
	{"unmount-share", "name! device lost", 20000, "share", share_unmount, "takes a share away", NULL},
	{"union", "name! lower! upper work", 20000, "union", union_mount, "an overlay at /unions/NAME", NULL},
	{"unmount", "name! lost", 60000, "union", union_unmount, "ends a union, all written", NULL},
	{"export-fuse", "name! port! files", 20000, "union", export_begin, "serves a union to the host", export_ended},
	{"unexport", "name!", 20000, "union", export_end, "ends that", NULL},
	{"sync", "name", 60000, NULL, guest_sync, "writes a union, or all, to the host", NULL},
	{"stats", "", 5000, NULL, guest_stats, "memory, load, counts", NULL},
	{"list", "", 5000, NULL, guest_list, "shares, unions and calls under way", NULL},
	{"idle", "seconds!", 0, NULL, guest_idle, "powers off after so long without work; 0: never", NULL},
	{"poweroff", "", 0, NULL, guest_power_off, "ends the machine", NULL},
	{0},
};
