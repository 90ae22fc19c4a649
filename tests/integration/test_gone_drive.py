# SPDX-License-Identifier: MIT
"""An agent some of whose directories are on a drive that does not answer any more, as one of a file server that is gone: it goes
on, and ends when it is told to. The drive is a FUSE file system that nobody serves."""

import ctypes
import os
import subprocess
import unittest

import bridges
import fake_programs
import limited_tests
import mzinit_peer as peer
from bridges import wait_until

FUSE = "/dev/fuse"
LIBC = ctypes.CDLL(None, use_errno=True)
MNT_DETACH = 2
FILE_THREADS = 12  # hostbridge/agent_limits.h


class GoneDrive:
    """Whoever looks at anything on it waits until this ends."""

    def __init__(self, directory):
        self.directory = directory
        self.server = None

    def __enter__(self):
        connection = os.open(FUSE, os.O_RDWR | os.O_CLOEXEC)
        # Another process has it: when that ends who still waits gets an error, this test too, should it ever hang here.
        self.server = subprocess.Popen(["sleep", str(3 * bridges.HANG_GUARD)], pass_fds=[connection])
        options = f"fd={connection},rootmode=40000,user_id=0,group_id=0"
        mounted = LIBC.mount(b"gone", os.fsencode(self.directory), b"fuse", 0, options.encode())
        os.close(connection)
        if mounted != 0:
            bridges.kill_process(self.server)
            raise unittest.SkipTest(f"no FUSE file system can be mounted: {os.strerror(ctypes.get_errno())}")
        return self

    def __exit__(self, *_):
        bridges.kill_process(self.server)
        LIBC.umount2(os.fsencode(self.directory), MNT_DETACH)


def hanging_threads(pid):
    """How many threads of a process wait for a file system, and cannot be interrupted."""
    count = 0
    for thread in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{thread}/status", encoding="ascii") as file:
            count += "State:\tD" in file.read()
    return count


@unittest.skipUnless(os.access(FUSE, os.R_OK | os.W_OK), f"{FUSE} cannot be used here")
class GoneDriveTest(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        self.drive = os.path.join(self.directory, "drive")
        self.here = os.path.join(self.directory, "here")
        for directory in (self.drive, self.here):
            os.mkdir(directory)
        self.program = fake_programs.write_pe64(os.path.join(self.here, "here.exe"))
        environment = dict(os.environ, PATH=f"{self.here}:{os.environ['PATH']}:{self.drive}",
                           WINEPREFIX=os.path.join(self.directory, "no-prefix"))
        self.bridge = self.enterContext(bridges.start_native_bridge(self.directory, environment=environment))
        # The agent's own start looks through PATH.
        self.enterContext(GoneDrive(self.drive))
        self.key_id, self.key = bridges.read_key(self.directory)

    def client(self):
        client = peer.Client(self.bridge.endpoints[0], key=self.key, key_id=self.key_id).begin()
        self.addCleanup(client.close)
        return client

    def list_names(self):
        # In 700 ms; a busy machine may need more than one question.
        wait_until(lambda: self.client().info(names=True, prefix="here").fields.get("names") == ["here.exe"], "names are listed")

    def hang(self):
        """A launch that looks for its program on the drive."""
        client = self.client()
        launch = client.launch_fields(self.program, [b"there.exe"])
        client.connection.send_control("Launch", **dict(launch, program=os.fsencode(os.path.join(self.drive, "there.exe"))))
        return client

    def wait_for_hanging(self, threads):
        wait_until(lambda: hanging_threads(self.bridge.process.pid) == threads, f"{threads} threads look at the drive")

    def assert_runs(self):
        client = self.client()
        self.assertEqual(client.launch(self.program, [b"here.exe", b"sh", b"-c", b"exit 7"]).name, "LaunchReply")
        self.assertEqual(client.communicate().code, 7)

    def assert_ends(self):
        self.bridge.process.terminate()
        self.assertEqual(self.bridge.process.wait(bridges.HANG_GUARD), 0)

    def test_names_are_listed_without_it_and_the_agent_ends(self):
        self.list_names()
        self.list_names()
        self.wait_for_hanging(1)
        self.assert_runs()
        self.assert_ends()

    def test_a_program_on_it_holds_no_other_and_the_agent_ends_when_its_client_has_gone(self):
        client = self.hang()
        self.wait_for_hanging(1)
        self.assert_runs()
        client.close()
        self.assert_ends()

    def test_more_than_it_has_threads_for_leave_a_running_program_alone(self):
        running = self.client()
        self.assertEqual(running.launch(self.program, [b"here.exe", b"cat"]).name, "LaunchReply")
        hanging = [self.hang() for _ in range(FILE_THREADS + 1)]
        self.wait_for_hanging(FILE_THREADS)
        # The next one waits for its turn.
        waiting = self.client()
        waiting.send_launch(self.program, [b"here.exe", b"true"])
        self.assertEqual(running.communicate(b"last words").stdout, b"last words")
        for client in (*hanging, waiting):
            client.close()
        self.assert_ends()

    def test_a_second_request_to_end_leaves_behind_whom_it_holds(self):
        self.hang()
        self.wait_for_hanging(1)
        self.bridge.process.terminate()
        wait_until(lambda: "told to end" in self.bridge.log(), "the agent has noticed")
        self.assert_ends()


if __name__ == "__main__":
    bridges.run_in_pid_namespace(__file__)
    limited_tests.main()
