// SPDX-License-Identifier: MIT
// The least that a launch over a unix socket with passed descriptors can cost: no protocol, no checks, no event loop.
//   bare_bridge serve PATH PROGRAM    accepts, takes three descriptors, starts PROGRAM on them, sends its exit status
//   bare_bridge call PATH             connects, passes descriptors 0 to 2, exits with what comes back
#define _GNU_SOURCE
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

extern char** environ;

static struct sockaddr_un address_of(const char* path) {
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return address;
}

static int serve_one(int client, char* program) {
    int streams[3];
    char byte;
    struct iovec piece = {&byte, 1};
    union {
        char bytes[CMSG_SPACE(sizeof streams)];
        struct cmsghdr align;
    } control;
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    if (recvmsg(client, &message, MSG_CMSG_CLOEXEC) != 1 || CMSG_FIRSTHDR(&message) == NULL) return -1;
    memcpy(streams, CMSG_DATA(CMSG_FIRSTHDR(&message)), sizeof streams);
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    for (int i = 0; i < 3; ++i) {
        posix_spawn_file_actions_adddup2(&actions, streams[i], i);
    }
    char* arguments[] = {program, NULL};
    pid_t pid;
    const int failed = posix_spawn(&pid, program, &actions, NULL, arguments, environ);
    posix_spawn_file_actions_destroy(&actions);
    for (int i = 0; i < 3; ++i) {
        close(streams[i]);
    }
    int status = 0;
    if (failed != 0 || waitpid(pid, &status, 0) < 0) return -1;
    const unsigned char code = (unsigned char)WEXITSTATUS(status);
    return write(client, &code, 1) == 1 ? 0 : -1;
}

static int serve(const char* path, char* program) {
    const struct sockaddr_un address = address_of(path);
    const int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    unlink(path);
    if (bind(listener, (const struct sockaddr*)&address, sizeof address) != 0 || listen(listener, 100) != 0) return 1;
    puts("ready");
    fflush(stdout);
    while (1) {
        const int client = accept4(listener, NULL, NULL, SOCK_CLOEXEC);
        if (client < 0) return 1;
        serve_one(client, program);
        close(client);
    }
}

static int call(const char* path) {
    const struct sockaddr_un address = address_of(path);
    const int server = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (connect(server, (const struct sockaddr*)&address, sizeof address) != 0) return 125;
    const int streams[3] = {0, 1, 2};
    char byte = 0;
    struct iovec piece = {&byte, 1};
    union {
        char bytes[CMSG_SPACE(sizeof streams)];
        struct cmsghdr align;
    } control = {{0}};
    struct msghdr message = {
        .msg_iov = &piece, .msg_iovlen = 1, .msg_control = control.bytes, .msg_controllen = sizeof control};
    struct cmsghdr* header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof streams);
    memcpy(CMSG_DATA(header), streams, sizeof streams);
    unsigned char code;
    if (sendmsg(server, &message, 0) != 1 || read(server, &code, 1) != 1) return 125;
    return code;
}

int main(int argc, char** argv) {
    if (argc == 4 && strcmp(argv[1], "serve") == 0) return serve(argv[2], argv[3]);
    if (argc == 3 && strcmp(argv[1], "call") == 0) return call(argv[2]);
    return 2;
}
