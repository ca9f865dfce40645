/* A disk with a switch, for a process that a test starts with LD_PRELOAD: while the file named by DISK_SWITCH holds
 * "hang", every fsync and fdatasync waits; while it holds "fail", they fail. Without the file the disk is well.
 *
 *     gcc -shared -fPIC -O2 -o switched_disk.so switched_disk.c -ldl
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#define LOOK_AGAIN_NS 5000000L

static char position(void)
{
    const char *path = getenv("DISK_SWITCH");
    int fd = path ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    char first = 0;
    if (fd >= 0) {
        if (read(fd, &first, 1) != 1)
            first = 0;
        close(fd);
    }
    return first;
}

static int synced(int fd, const char *name)
{
    const struct timespec pause = {0, LOOK_AGAIN_NS};
    while (position() == 'h')
        nanosleep(&pause, NULL);
    if (position() == 'f') {
        errno = EIO;
        return -1;
    }
    return ((int (*)(int))dlsym(RTLD_NEXT, name))(fd);
}

int fsync(int fd)
{
    return synced(fd, "fsync");
}

int fdatasync(int fd)
{
    return synced(fd, "fdatasync");
}
