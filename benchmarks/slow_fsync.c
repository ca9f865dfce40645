/* A disk that takes its time: delays every fsync and fdatasync of a process by SLOW_FSYNC_MS (default 20 ms, an SD card
 * on a good day). With SLOW_FSYNC_SPARES_TMPFS files in memory stay fast. Loaded before the process by its benchmark:
 *
 *     gcc -shared -fPIC -O2 -o slow_fsync.so slow_fsync.c -ldl && LD_PRELOAD=./slow_fsync.so SLOW_FSYNC_MS=20 ...
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <linux/magic.h>
#include <stdlib.h>
#include <sys/vfs.h>
#include <time.h>

#define DEFAULT_MS 20

static void wait_for_the_card(int fd)
{
    struct statfs where;
    if (getenv("SLOW_FSYNC_SPARES_TMPFS") && fstatfs(fd, &where) == 0 && where.f_type == TMPFS_MAGIC)
        return;
    const char *given = getenv("SLOW_FSYNC_MS");
    long ms = given ? strtol(given, NULL, 10) : DEFAULT_MS;
    struct timespec left = {ms / 1000, ms % 1000 * 1000000L};
    while (nanosleep(&left, &left) != 0) {
    }
}

int fsync(int fd)
{
    wait_for_the_card(fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fsync"))(fd);
}

int fdatasync(int fd)
{
    wait_for_the_card(fd);
    return ((int (*)(int))dlsym(RTLD_NEXT, "fdatasync"))(fd);
}
