/*
 * agent.h - what the agent's files share. The agent is PID 1 of a guest, which is the helper VM or a VM of containers.
 * docs/agent-protocol.md describes its requests and answers.
 *
 * The agent has three phases, with a file for each. Phase init.c may die: the kernel then panics, with the agent's last
 * line on the console. Phase loop.c must not die, and must wait only for its own descriptors. Phase finish.c ends the
 * guest. Everything that can hang, which is everything that touches a share, runs in a child process: calls.c is the
 * loop's side of that, and child.c is what runs in the child.
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
#define DISK_FOLDER_MODE 0700 /* the mode of the folders that mount-disk makes */
#define NOTES "/run"	      /* the folder of the notes, each a file: NOTES "/share.S", NOTES "/union.U" */

/* Writes one line to the console. It never waits, and reports no failure. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* The milliseconds since the kernel started; time during which the guest was suspended counts. */
static inline int64_t now_ms(void)
{
	return clock_ms(CLOCK_BOOTTIME);
}

/* Phase 1: returns the descriptor of the control port. The console becomes standard input, output and error. */
int agent_init(void);
/* Phase 2: returns when it is time to power off. console is a non-blocking descriptor of a terminal, or -1. */
void agent_loop(int port, int console);
/* Phase 3: does not return. */
__attribute__((noreturn)) void agent_finish(void);

/* modules.c: loads the modules that /modules lists up to its first empty line. */
errint_t modules_load_first(struct mica_error *err);
/* Loads the rest in a child process. Called once, after modules_load_first. */
void modules_load_rest(void);
/* Waits until all modules are loaded. -ENODEV: one of them could not be loaded; the note says which, and why. */
errint_t modules_wait(struct mica_error *err);

/* devices.c: PCI devices. Nothing tells the kernel when one is plugged or unplugged. This has the kernel look for
 * devices that were plugged in. */
errint_t devices_find(struct mica_error *err);
/* Checks that the text is the address of a PCI device, in the form 0000:01:05.0. -EINVAL: it is not. */
errint_t device_check(const char *address, struct mica_error *err);
/* Has the kernel release the device, so that it can be unplugged. 0 also if there is no such device. */
errint_t device_remove(const char *address, struct mica_error *err);

/* port.c: opens the virtio-serial port that has this name in sysfs. Returns a non-blocking descriptor, which the caller
 * must close, or -errno. -ENODEV: there is no such port. */
int port_open(const char *name);
/* The same, but waits for the port to be plugged, until until_ms at the latest (as now_ms counts). */
int port_wait(const char *name, int64_t until_ms);

/*
 * A verb. If limit_ms is not 0, run is called in a child process and may take that long; its answer is sent when the
 * child ends. If limit_ms is 0, run is called in the loop, and must not wait.
 */
struct verb {
	const char *name;
	const char *keys;  /* the keys that it takes, separated by spaces; those that it needs have a '!' after them */
	uint32_t limit_ms; /* the time limit, unless the request has limit=; 0: the verb runs in the loop */
	const char *kind;  /* the kind of the object with the name name=; calls that work on one object run one after
			      the other. NULL: the verb works on no object */
	errint_t (*run)(const struct request *request, struct answer *answer, struct mica_error *err);
	const char *about; /* for people */
	/* Called in the loop when a child has ended that had gone on after its answer, or that a signal ended before
	 * it, unless the child has sent an event itself. how describes the end of the child, for people. The function
	 * puts an event for the host into event, or leaves it empty. NULL: nothing is to be done. */
	void (*ended)(const struct request *request, const char *how, struct answer *event);
};
extern const struct verb agent_verbs[];
/* Finds the verb of the request, and checks that the request has all keys that the verb needs, and no key that it does
 * not take. NULL: *err says what is wrong. */
const struct verb *verb_find(const struct request *request, struct mica_error *err);
/* Puts a list of the verbs, as lines for people, into answer. */
void verb_help(struct answer *answer);

/* calls.c: the calls that run in children. All these functions are called in the loop's process. */
struct calls_events {
	void (*served)(int more); /* the number of served unions has changed by more, which is 1 or -1 */
	void (*tell)(const struct answer *event); /* sends the host an event */
};
/* Must be called before the first call. epoll and events are borrowed, for as long as the loop runs. */
void calls_open(int epoll, const struct calls_events *events);
struct client;
/* Starts a call. verb_find must have accepted line as a request of that verb. line must be allocated by malloc, and
 * belongs to the call from now on. The client gets its answer from here, at once or later, also if the call fails. */
void calls_start(const struct verb *verb, char *line, struct client *client);
/* Reads what a child has written. which is the u32 of the epoll event. */
void calls_read(uint32_t which);
/* Handles all children that have ended. */
void calls_reap(void);
/* Ends the calls whose time is up. Returns when it must be called again (as now_ms counts), or INT64_MAX for never. */
int64_t calls_expire(void);
/* Whether a call waits or runs. Calls that hang in the kernel, and those whose child goes on, do not count. */
bool calls_busy(void);
void calls_kill_all(void);
/* Returns the process that serves the union of that name, or 0. *port gets the name of its port, which is borrowed from
 * the call; port may be NULL. */
pid_t calls_exporter(const char *name, const char **port);
/* Goes through the requests of that verb whose child goes on after its answer: returns the one after at, which is NULL
 * at first, or NULL at the end. */
const struct request *calls_next_serving(const char *verb, const struct request *at);
/* Puts the calls into the answer, in the child of the verb list. *number is the number of the last item that the answer
 * has so far, and is counted up. */
void calls_list(struct answer *answer, uint32_t *number);

/* power.c: when the machine must power off. All these functions are called in the loop's process. */
void power_off(void);
/* Whether power_off was called. */
bool power_is_off(void);
/* Has the machine power off after that many seconds without work; 0: never. */
void power_off_when_idle(uint32_t seconds);
/* That time in milliseconds; 0: never. */
int64_t power_idle_ms(void);

/* The functions of verbs. */
errint_t guest_hello(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_stats(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_await_modules(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_list(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_idle(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_sync(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t guest_power_off(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t share_mount(const struct request *request, struct answer *answer, struct mica_error *err);
/* share-probe.c: what a share can do. asked is a list of abilities, separated by commas; "0" stands for none of them,
 * and NULL for all. probe_check only checks the list: -EINVAL if it names an unknown ability. */
errint_t probe_check(const char *asked, struct mica_error *err);
/* Tries the abilities on the share that is mounted at the path share, and puts the results into answer. */
errint_t probe_share(const char *share, bool read_only, const char *asked, struct answer *answer,
		     struct mica_error *err);
errint_t share_unmount(const struct request *request, struct answer *answer, struct mica_error *err);
/* abandon.c: detaches the mount at folder/name, whose file server is gone. A process that does nothing else keeps the
 * file system open, so that the kernel never unmounts it. */
errint_t mount_abandon(const char *folder, const char *name, struct mica_error *err);
errint_t union_mount(const struct request *request, struct answer *answer, struct mica_error *err);
errint_t union_unmount(const struct request *request, struct answer *answer, struct mica_error *err);
/* Serves the union of that name to one host after the other over the port. Returns only if something has failed. */
errint_t union_serve(const char *name, int port, struct mica_error *err);
/* served.c: makes the budget. Must be called before the first child is forked, because the children share it. */
void served_open(void);
/* Tells the budget that the number of served unions has changed by more, which is 1 or -1. Called in the loop's
 * process. */
void served_changed(int more);
/* The budget of files that all processes that serve unions share; NULL if there was no memory for it. */
struct export_budget *served_budget(void);
errint_t export_end(const struct request *request, struct answer *answer, struct mica_error *err);
/* exports.c */
errint_t export_begin(const struct request *request, struct answer *answer, struct mica_error *err);
void export_ended(const struct request *request, const char *how, struct answer *event);

/* skeleton.c: makes the folder SKELETONS/NAME anew, with the directories (d:/path) and empty files (f:/path) of the
 * list, whose items are separated by commas. -EINVAL: the list is not valid. */
errint_t skeleton_make(const char *name, const char *list, struct mica_error *err);
/* Adds an empty file to the skeleton. path is absolute; it is changed while it is parsed. */
errint_t skeleton_add(const char *name, char *path, struct mica_error *err);
/* Removes the skeleton. 0 also if there is none. */
errint_t skeleton_remove(const char *name, struct mica_error *err);

/* mount-points.c: checks that the union at root, which has the skeleton of that name, has all mount points of the list,
 * which skeleton_make has accepted. -ENOENT with the step "mount point": a link on the way to a directory of the list
 * leads to a path that does not exist. Other failures: a file of the list cannot be a mount point. *more: files to
 * which links lead were added to the skeleton, so the union must be mounted again. */
errint_t mount_points_check(const char *name, const char *root, const char *list, bool *more, struct mica_error *err);

/* layers.c: decodes an item of a list of layers, SHARE/path or @DISK/path, and checks that this folder exists and that
 * no symbolic link leads to it. The current folder must be SHARES. *out gets the path from there, which the caller must
 * free. */
struct mounted;
errint_t layer_read(const char *item, size_t len, const struct mounted *mounted, char **out, struct mica_error *err);
/* -EBUSY: a union has a layer on the share of the name which, or on the disk NAME if which is "@NAME". path is for the
 * error. */
errint_t layer_check_unused(const char *which, const char *path, struct mica_error *err);

/* root.c: whether the initramfs has a container runtime, and so the guest has containers. */
bool root_has_runtime(void);
/* Moves all files to a tmpfs, which becomes the root. */
errint_t root_leave(struct mica_error *err);

/* The functions of verbs for guests with containers. */
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
/* Puts the containers into the answer, as calls_list does with the calls. */
void containers_list(struct answer *answer, uint32_t *number);

/* mounted.c: the mounts of this mount namespace, as mica_mounts lists them. Zeroed at first; freed by
 * cleanup_mounted. */
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
/* Goes through the mounts that lie directly in folder: returns the one after at, which is NULL at first, or NULL at the
 * end. */
const struct mica_mount *mounted_next(const struct mounted *mounted, const char *folder, const struct mica_mount *at);
/* The mount at folder/name, or NULL. */
const struct mica_mount *mounted_at(const struct mounted *mounted, const char *folder, const char *name);
/* The last name of the mount's target, borrowed from mount. */
const char *mounted_name(const struct mica_mount *mount);
/* How many mounts lie directly in folder; 1 if the list cannot be read. */
uint32_t mounted_count(const char *folder);

/* Notes: each is a file, NOTES "/KIND.NAME", whose text is fields as those of a request. The note of a mount has the
 * request for it: to ask for the same mount again is no failure, but to ask for another one is. */
errint_t note_write(const char *kind, const char *name, const char *text, struct mica_error *err);
/* Puts at most room - 1 bytes of the note, and a NUL, into text. False: there is no such note; text is then empty. */
bool note_read(const char *kind, const char *name, char *text, size_t room);
void note_remove(const char *kind, const char *name);
/* Parses the text of a note in place; note points into it. */
errint_t note_parse(char *text, struct request *note);

#endif
