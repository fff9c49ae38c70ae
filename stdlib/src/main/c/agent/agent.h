/*
 * agent.h - what the agent's files share. The agent is PID 1 of a guest: the helper VM, or a VM of containers;
 * docs/agent-protocol.md says what it answers.
 *
 * It has three phases, a file each: init.c (may die: the kernel then panics, with our line on the console), loop.c
 * (must not die, and must not wait for anything but its own descriptors), finish.c. Whatever can hang, which is all
 * that touches a share, runs in a child of its own: calls.c, and beyond the fork child.c.
 */
#ifndef MICA_AGENT_H
#define MICA_AGENT_H

#include "base.h"
#include "clock.h"
#include "line.h"

#include <sys/types.h>

#define AGENT_VERSION 1
#define AGENT_PORT "dev.mica.agent"
#define SHARES "/shares"
#define UNIONS "/unions"
#define DISKS "/disks"
#define SKELETONS "/skeletons"
#define DISK_FOLDER_MODE 0700 /* of what mount-disk makes */
#define NOTES "/run"	      /* what was asked of a mount, a file each: NOTES "/share.S", NOTES "/union.U" */

/* A line on the console. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Milliseconds since the kernel began, suspension included. */
static inline int64_t now_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/* Phase 1: returns the control port's descriptor; the console is standard input, output and error. */
int agent_init(void);
/* Phase 2: returns when it is time to power off. console: a terminal, non-blocking; -1 for none. */
void agent_loop(int port, int console);
/* Phase 3: does not return. */
__attribute__((noreturn)) void agent_finish(void);

/* modules.c: loads /modules up to the first empty line; then the rest, in a child, which others can wait for. */
errint_t modules_load_first(struct mica_error *err);
void modules_load_rest(void);
/* Fails with what failed then. */
errint_t modules_wait(struct mica_error *err);

/* devices.c: PCI devices, which come and go without a word to the kernel. Has it look for those that have come. */
errint_t devices_find(struct mica_error *err);
/* Whether the text is the address of one, as 0000:01:05.0; -EINVAL. */
errint_t device_check(const char *address, struct mica_error *err);
/* Has the kernel let the device go, so that it can be taken out. It is fine if there is none. */
errint_t device_remove(const char *address, struct mica_error *err);

/* port.c: the virtio-serial port of that name, non-blocking; by its name in sysfs. -ENODEV where there is none. */
int port_open(const char *name);
/* The same, and waits for it until then. */
int port_wait(const char *name, int64_t until_ms);

/*
 * A verb.  keys are what it takes, an '!' after those it must have. In a child: run may take as long as limit says, and
 * its answer is sent when it ends; object is the key whose value no two calls work on at the same time. Not in a
 * child: run is called in the loop and must not wait.
 */
struct verb {
	const char *name;
	const char *keys;
	uint32_t limit_ms; /* unless the request has limit=; 0: not in a child */
	const char *kind;  /* "share", "union" ..., NULL: on nothing in particular; the key "name" says which */
	errint_t (*run)(const struct request *request, struct answer *answer, struct mica_error *err);
	const char *about; /* for people */
	/* Of a child that goes on after its answer, or was killed before it: it has ended, and told no event itself. In
	 * the loop. Makes an event for the host, or leaves it empty. */
	void (*ended)(const struct request *request, const char *how, struct answer *event);
};
extern const struct verb agent_verbs[];
/* The verb, once the request has what it must have and nothing else; NULL and *err. */
const struct verb *verb_find(const struct request *request, struct mica_error *err);
/* The verbs as lines for people, in place of an answer. */
void verb_help(struct answer *answer);

/* calls.c: the children. All in the loop's process. */
struct calls_events {
	void (*served)(int more);		  /* one more union is served, or one less */
	void (*tell)(const struct answer *event); /* to the host, which did not ask */
};
/* Before the first call; events: borrowed. */
void calls_open(int epoll, const struct calls_events *events);
struct client;
/* Takes the line over (a copy that may be freed), which verb_find has found to be a request of that verb. Answers the
 * client by itself, at once or later. */
void calls_start(const struct verb *verb, char *line, struct client *client);
/* Reads what children wrote; which: as given to epoll. */
void calls_read(uint32_t which);
void calls_reap(void);
/* Ends those whose time is up. Returns the next moment it wants to be called, or INT64_MAX. */
int64_t calls_expire(void);
bool calls_busy(void);
void calls_kill_all(void);
/* The process that serves union name, or 0; port may be NULL. */
pid_t calls_exporter(const char *name, const char **port);
/* The calls of that verb whose child goes on, one after the other; at begins as NULL. */
const struct request *calls_next_serving(const char *verb, const struct request *at);
/* In list's child: one fact each. */
void calls_list(struct answer *answer, uint32_t *number);

/* power.c: when the machine is to power off. In the loop's process. */
void power_off(void);
bool power_is_off(void);
/* After so many seconds without work; 0: never. */
void power_off_when_idle(uint32_t seconds);
int64_t power_idle_ms(void);

/* Verbs. */
errint_t guest_hello(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_stats(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_await_modules(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_list(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_idle(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_sync(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_power_off(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t share_mount(const struct request *request, struct answer *answer, struct mica_error *err);
/* share-probe.c: tries what is asked for (a list; "0": nothing; NULL: all) of the share mounted at that path. */
errint_t probe_check(const char *asked, struct mica_error *err);
errint_t probe_share(const char *share, bool read_only, const char *asked, struct answer *answer,
		     struct mica_error *err);
errint_t share_unmount(const struct request *request, struct answer *answer, struct mica_error *err);
/* abandon.c: detaches the mount at folder/name, whose file server is gone; a process that does nothing holds its file
 * system, so that the kernel never unmounts it. */
errint_t mount_abandon(const char *folder, const char *name, struct mica_error *err);
errint_t union_mount(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t union_unmount(const struct request *request, struct answer *answer, struct mica_error *err);
/* Serves one host after the other over the port; returns only with a failure. */
errint_t union_serve(const char *name, int port, struct mica_error *err);
/* served.c: before the first child. */
void served_open(void);
/* In the loop's process: one more union is served, or one less. */
void served_changed(int more);
/* The descriptors that those who serve share; NULL where there was no memory. */
struct export_budget *served_budget(void);
errint_t export_end(const struct request *request, struct answer *answer, struct mica_error *err);
/* exports.c */
errint_t export_begin(const struct request *request, struct answer *answer, struct mica_error *err);
void export_ended(const struct request *request, const char *how, struct answer *event);

/* skeleton.c: makes SKELETONS/NAME anew, with what the list (d:/path, f:/path) names. */
errint_t skeleton_make(const char *name, const char *list, struct mica_error *err);
/* The same for one more file: path is whole, and taken apart. */
errint_t skeleton_add(const char *name, char *path, struct mica_error *err);
/* None is fine. */
errint_t skeleton_remove(const char *name, struct mica_error *err);

/* mount-points.c: looks in the union at root, which has that skeleton, for all of the list. -ENOENT, step "mount
 * point": a link leads past a directory of the list to where there is none; others: a file of the list cannot be
 * mounted on. *more: the skeleton got the files that links lead to, and the union is to be mounted anew. */
errint_t mount_points_check(const char *name, const char *root, const char *list, bool *more, struct mica_error *err);

/* layers.c: decodes an item of a list of layers; *out: its path from SHARES, to be freed. The folder is there. */
struct mounted;
errint_t layer_read(const char *item, size_t len, const struct mounted *mounted, char **out, struct mica_error *err);
/* -EBUSY where a union has a layer on the share of that name, or on the disk where it begins with '@'. */
errint_t layer_check_unused(const char *which, const char *path, struct mica_error *err);

/* root.c: whether the guest has a runtime, and so is to have containers. */
bool root_has_runtime(void);
/* Moves to a tmpfs, which becomes the root. */
errint_t root_leave(struct mica_error *err);

/* Verbs of guests with containers. */
errint_t disk_mount(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t disk_mount_snapshot(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t disk_unmount(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t network_make(const struct request *request, struct answer *answer, struct mica_error *err);
/* users.c */
errint_t user_find(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_file(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_run(const struct request *request, struct answer *answer, struct mica_error *err);
void container_run_ended(const struct request *request, const char *how, struct answer *event);
errint_t container_exec(const struct request *request, struct answer *answer, struct mica_error *err);
void container_exec_ended(const struct request *request, const char *how, struct answer *event);
/* copy.c */
errint_t container_files(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_send(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_receive(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_signal(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_pause(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_resume(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_usage(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t container_delete(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t hold_freeze(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t hold_thaw(const struct request *request, struct answer *answer, struct mica_error *err);
void hold_ended(const struct request *request, const char *how, struct answer *event);
errint_t capture_layer(const struct request *request, struct answer *answer, struct mica_error *err);
/* In list's child: one fact each. */
void containers_list(struct answer *answer, uint32_t *number);

/* mounted.c: what is mounted, as the kernel says. */
struct mounted {
	void *records;
	int64_t len;
};
errint_t mounted_read(struct mounted *mounted, struct mica_error *err);
static inline void cleanup_mounted_p(struct mounted *mounted)
{
	free(mounted->records);
}
#define cleanup_mounted __attribute__((cleanup(cleanup_mounted_p)))
/* The mounts directly in folder, one after the other; at begins as NULL. */
const struct mica_mount *mounted_next(const struct mounted *mounted, const char *folder, const struct mica_mount *at);
const struct mica_mount *mounted_at(const struct mounted *mounted, const char *folder, const char *name);
const char *mounted_name(const struct mica_mount *mount);
uint32_t mounted_count(const char *folder);

/* What was asked of a mount, so that asking the same again is no failure and asking another is one. */
errint_t note_write(const char *kind, const char *name, const char *text, struct mica_error *err);
bool note_read(const char *kind, const char *name, char *text, size_t room);
void note_remove(const char *kind, const char *name);
/* A note's text is the fields of the request, as they were written. */
errint_t note_parse(char *text, struct request *note);

#endif
