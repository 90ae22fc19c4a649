# SPDX-License-Identifier: MIT
"""Our real programs, for the integration tests: where they are, agents of every kind, and a rule table of our own."""

import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

import fake_programs
import limited_tests

SOURCE = os.environ.get("MZINIT_SOURCE_DIR") or os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("MZINIT_BUILD_DIR") or os.path.join(SOURCE, "build", "release")
SANITIZED = bool(os.environ.get("MZINIT_SANITIZE"))
MZINIT = os.environ.get("MZINIT_PROGRAM") or os.path.join(BUILD, "init", "mzinit")
HOSTBRIDGE = os.environ.get("HOSTBRIDGE_PROGRAM") or os.path.join(BUILD, "hostbridge", "hostbridge")
EXIT_OBJECT = os.path.join(BUILD, "hostbridge", "libmzexit.so")
SAMPLES = os.environ.get("MZINIT_SAMPLES") or os.path.join(SOURCE, "build", "mingw", "samples")
SAMPLES32 = os.environ.get("MZINIT_SAMPLES32") or os.path.join(SOURCE, "build", "mingw32", "samples")
# Undefined behaviour in hostbridge.exe traps in the variant that goes with the sanitizers.
WINDOWS_AGENT = os.environ.get("MZINIT_WINDOWS_AGENT") or os.path.join(
    SOURCE, "build", "mingw-ubsan" if SANITIZED else "mingw", "hostbridge", "hostbridge.exe")
WINE_PREFIX = os.environ.get("MZINIT_WINE_PREFIX") or os.path.join(SOURCE, "build", "wine-prefix")

# A guard against hanging, not a measure: nothing that works takes this long, even on a loaded machine.
HANG_GUARD = 120 if not os.environ.get("MZINIT_EMULATED") else 900
SKIP = 77
# In the emulated guest a launch takes seconds: what is repeated, or large, is less there.
EMULATED = bool(os.environ.get("MZINIT_EMULATED"))


def wait_until(condition, what, timeout=HANG_GUARD):
    """Polls until `condition()` is true and returns its value."""
    deadline = time.monotonic() + timeout
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {timeout} s in vain: {what}")
        time.sleep(0.01)


def run(arguments, *, timeout=HANG_GUARD, input=None, capture_output=False, **options):
    """subprocess.run(), but what takes too long fails with what it, and everybody around, waits for."""
    if input is not None:
        options["stdin"] = subprocess.PIPE
    if capture_output:
        options["stdout"] = options["stderr"] = subprocess.PIPE
    with subprocess.Popen(arguments, **options) as process:
        try:
            output, errors = process.communicate(input, timeout)
        except subprocess.TimeoutExpired:
            hanging = f"{str(arguments)[:200]} took over {timeout} s: {what_hangs(process)}"
            process.kill()
            raise AssertionError(hanging) from None
        except BaseException:
            process.kill()
            raise
    return subprocess.CompletedProcess(arguments, process.returncode, output, errors)


def what_hangs(process):
    """Why nothing comes of the Popen object: whether it has ended, who holds the pipes that we read to their end, and what all
    processes here wait for. A line each, the most interesting ones first."""
    pipes = {os.readlink(f"/proc/self/fd/{stream.fileno()}") for stream in (process.stdout, process.stderr) if stream}
    holders, others = [], []
    for pid in process_ids():
        try:
            if pid != os.getpid():
                holds = not pipes.isdisjoint(open_files(pid))
                (holders if holds else others).append((pid, describe_process(pid) + (" holds its output" if holds else "")))
        except OSError:
            continue  # it has ended meanwhile, or is not ours
    status = process.poll()
    state = f"process {process.pid} runs" if status is None else f"it has ended with {status}"
    # Those that were started last are nearest to the test.
    lines = [line for processes in (holders, others) for _, line in sorted(processes, reverse=True)]
    return "\n".join([state, *lines[:20]])


def open_files(pid):
    directory = f"/proc/{pid}/fd"
    for fd in os.listdir(directory):
        try:
            yield os.readlink(f"{directory}/{fd}")
        except FileNotFoundError:
            continue  # closed meanwhile


def describe_process(pid):
    with open(f"/proc/{pid}/stat", errors="replace") as stat:
        state, parent = stat.read().rpartition(")")[2].split()[:2]
    with open(f"/proc/{pid}/wchan") as wchan:
        waits = wchan.read()
    with open(f"/proc/{pid}/cmdline", errors="replace") as command_line:
        words = " ".join(command_line.read().split("\0")).strip()
    return f"  {pid} (parent {parent}, {state}, {waits}) {words[:120] or name_of_process(pid)}"


def process_ids():
    """Of every process in our PID namespace."""
    return [int(name) for name in os.listdir("/proc") if name.isdigit()]


def name_of_process(pid):
    """As ps has it; empty once the process is gone."""
    try:
        with open(f"/proc/{pid}/comm", errors="replace") as name:
            return name.read().strip()
    except OSError:
        return ""


def missing_for_machines(*programs):
    """What there is not of what boots a machine with our programs in it, `programs` of this machine among that, or None."""
    for program in ("qemu-system-x86_64", "busybox", "cpio", *programs):
        if not shutil.which(program):
            return f"{program} is not installed"
    for program in (MZINIT, HOSTBRIDGE):
        if not os.path.exists(program):
            return f"{program} has not been built"
    if SANITIZED:
        return "a sanitized mzinit is dynamic, and runs in no other root directory; the release preset tests this"
    return None


def peak_memory(pid):
    """Bytes that the process has had resident at most; 0 once it has ended."""
    with open(f"/proc/{pid}/status") as status:
        return next((int(line.split()[1]) << 10 for line in status if line.startswith("VmHWM:")), 0)


def has_private_binfmt_misc():
    """Whether a user namespace can have a rule table of its own (Linux 6.7)."""
    mount = "mount -t binfmt_misc none /proc/sys/fs/binfmt_misc"
    return subprocess.run(["unshare", "-Urmpf", "--mount-proc", "sh", "-c", mount], stderr=subprocess.DEVNULL).returncode == 0


def refuse_stray_wineserver():
    """Ends with what is wrong if a wineserver of our prefix runs already. Programs in a PID namespace of their own would find
    it; but it means other processes by the numbers of theirs, and sends their signals to those."""
    prefix = f"WINEPREFIX={WINE_PREFIX}".encode()
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/comm") as comm, open(f"/proc/{pid}/environ", "rb") as environment:
                if comm.read().startswith("wineserver") and prefix in environment.read().split(b"\0"):
                    sys.exit(f"a test before this one, or another run, has left the wineserver of {WINE_PREFIX} running: pid {pid}")
        except OSError:
            continue


def run_below_mzinit(script):
    """Makes the calling test script run below `mzinit --register`, in namespaces of its own with a rule for MZ; on a kernel
    that cannot do that, inside the emulated guest. Returns only there."""
    if os.environ.get("MZINIT_BELOW_INIT"):
        return
    for needed in (MZINIT, HOSTBRIDGE, os.path.join(SAMPLES, "hello.exe")):
        if not os.path.exists(needed):
            print(f"skipped: {needed} has not been built", flush=True)
            sys.exit(SKIP)
    refuse_stray_wineserver()
    os.environ["MZINIT_BELOW_INIT"] = "1"
    own = [MZINIT, "--register", "--", sys.executable, os.path.abspath(script)] + sys.argv[1:]
    if has_private_binfmt_misc():
        os.execvp("unshare", ["unshare", "-Urmpf", "--mount-proc"] + own)
    exec_in_guest(["unshare", "-pf", "--mount-proc"] + own)


def exec_in_guest(command):
    """Becomes the command, run inside the emulated guest, where every rule table may be changed."""
    guest = os.path.join(SOURCE, "tests", "support", "guest", "run_in_guest.sh")
    os.environ["MZINIT_EMULATED"] = "1"
    forwarded = []
    for name in os.environ:
        if name.startswith("MZINIT_") or name in ("HOSTBRIDGE_PROGRAM", "PYTHONPATH"):
            forwarded += ["--env", name]
    os.execv(guest, [guest, "--timeout", "3500", *forwarded, "--", *command])


def run_in_pid_namespace(script):
    """Makes the calling test script the first process of a PID namespace: what Wine leaves running ends with it. A
    wineserver that stayed would be found by later tests in namespaces of their own, and cannot serve programs of those."""
    if os.environ.get("MZINIT_IN_PID_NAMESPACE"):
        return
    refuse_stray_wineserver()
    os.environ["MZINIT_IN_PID_NAMESPACE"] = "1"
    namespace = ["unshare", *([] if os.geteuid() == 0 else ["-Ur"]), "-pf", "--mount-proc", "--kill-child"]
    os.execvp("unshare", [*namespace, sys.executable, os.path.abspath(script), *sys.argv[1:]])


def require_pid_namespace():
    """Of whoever starts Wine, or an agent that does."""
    if not {"MZINIT_BELOW_INIT", "MZINIT_IN_PID_NAMESPACE"} & os.environ.keys():
        raise AssertionError("Wine's server would outlive the test: run_below_mzinit() or run_in_pid_namespace() first")


NOTABLE = re.compile("unhandled|error|panic|CHECK|runtime error", re.IGNORECASE)
LOG_LINES = 30


def excerpt(log):
    """The log's last lines and, of those before, the ones that tell of something bad; bounded in every direction."""
    lines = log.splitlines()
    before, last = lines[:-LOG_LINES], lines[-LOG_LINES:]
    notable = [line for line in before if NOTABLE.search(line)][-LOG_LINES:]
    left_out = len(before) - len(notable)
    shown = notable + ([f"[{left_out} lines left out]"] if left_out else []) + last
    return "\n".join(line[:300] for line in shown)


class Log(str):
    """An agent's log, whole. Assertion messages show the repr of what they compare: that is an excerpt."""

    def __repr__(self):
        return "\n" + excerpt(self)

    def __getitem__(self, index):
        return Log(super().__getitem__(index))


class Bridge:
    """A running agent and the environment in which mzinit finds it. Use as a context manager."""

    def __init__(self, command, environment, ready_file, log_path, key_file=None):
        self.log_path = log_path
        self.death_is_known = False
        with open(log_path, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=environment)
        try:
            wait_until(lambda: self.process.poll() is not None or os.path.exists(ready_file), "the agent gets ready")
            if self.process.poll() is not None:
                self.assert_alive()
            with open(ready_file) as ready:
                self.endpoints = ready.read().split()
        except BaseException:
            self.stop()
            raise
        limited_tests.witnesses.append(self.witness)
        self.environment = {"MZINIT_HOST": " ".join(self.endpoints)}
        if key_file:
            conf = os.path.join(os.path.dirname(ready_file), "mzinit.conf")
            with open(conf, "w") as file:
                file.write(f"[host]\nkey = {key_file}\n")
            self.environment["MZINIT_CONF"] = conf

    def log(self):
        with open(self.log_path, errors="replace") as log:
            return Log(log.read())

    def witness(self):
        return f"the agent (pid {self.process.pid}) had said:\n{excerpt(self.log())}"

    def assert_alive(self):
        """For before and after each test: if the agent is gone, that is what it fails of. The first one has the log."""
        if self.process.poll() is None:
            return
        death = f"the agent has died (exit {self.process.returncode})"
        if not self.death_is_known:
            self.death_is_known = True
            death += "\n" + excerpt(self.log())
        raise AssertionError(death)

    def descriptor_count(self):
        return len(os.listdir(f"/proc/{self.process.pid}/fd"))

    def stop(self):
        if self.witness in limited_tests.witnesses:
            limited_tests.witnesses.remove(self.witness)
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def wine_environment(**more):
    environment = dict(os.environ, WINEPREFIX=WINE_PREFIX, WINEDEBUG="-all", DISPLAY="")
    environment.update(more)
    return environment


def make_key(directory):
    path = os.path.join(directory, "key")
    if not os.path.exists(path):
        subprocess.run([HOSTBRIDGE, "keygen", path], check=True, stdout=subprocess.DEVNULL)
    return path


def read_key(directory):
    """The name and the bytes of what make_key() made."""
    with open(make_key(directory), encoding="ascii") as file:
        for line in file:
            if line.strip() and not line.startswith("#"):
                name, digits = line.split()
                return name, bytes.fromhex(digits)
    raise AssertionError("an empty key file")


def start_linux_bridge(directory, endpoint, arguments=(), environment=None):
    """`endpoint` is "unix" or "tcp"."""
    require_pid_namespace()
    ready = os.path.join(directory, "ready")
    command = [HOSTBRIDGE, "--ready-file", ready, "--cache-dir", os.path.join(directory, "cache")]
    key = None
    if endpoint == "unix":
        command += ["--listen", f"unix:{directory}/agent.sock"]
    else:
        key = make_key(directory)
        command += ["--listen", "tcp:127.0.0.1:0", "--key-file", key]
    if os.path.exists(EXIT_OBJECT) and not SANITIZED:
        command += ["--exit-object", EXIT_OBJECT]
    return Bridge(command + list(arguments), environment or wine_environment(), ready, os.path.join(directory, "agent.log"), key)


# For a Linux agent. With its own runners it starts Wine's server, in the prefix of whoever runs the tests.
WITHOUT_WINE = [word for kind in ("pe64", "pe32", "dotnet", "win16", "batch") for word in ("--runner", f"{kind}=")]


def start_native_bridge(directory, *more, environment=None):
    """A Linux agent on both transports whose programs are native commands behind a fake runner."""
    key = make_key(directory)
    runner = fake_programs.write_runner(directory)
    ready = os.path.join(directory, "ready")
    command = [HOSTBRIDGE, "--ready-file", ready, "--listen", f"unix:{directory}/agent.sock", "--listen", "tcp:127.0.0.1:0",
               "--key-file", key, "--map", "/=/", "--cache-dir", os.path.join(directory, "cache"), *WITHOUT_WINE]
    for kind in ("pe64", "pe32", "dotnet"):
        command += ["--runner", f"{kind}={runner} %p"]
    return Bridge(command + list(more), environment or dict(os.environ), ready, os.path.join(directory, "agent.log"), key)


# For tests and classes of them.
needs_windows_agent = unittest.skipUnless(os.path.exists(WINDOWS_AGENT), f"{WINDOWS_AGENT} has not been built")


def start_windows_bridge(directory, arguments=(), mappings=("/=Z:\\",)):
    require_pid_namespace()
    ready = os.path.join(directory, "ready")
    key = make_key(directory)
    # What it starts inherits that: otherwise one of some thousand starts of Wine 8 fails with Linux 6.9 and later.
    command = ["setarch", "-R", "wine", WINDOWS_AGENT, "--listen", "tcp:127.0.0.1:0", "--key-file", "Z:" + key,
               "--ready-file", "Z:" + ready, "--cache-dir", f"Z:{directory}/cache", *arguments]
    for mapping in mappings:
        command += ["--map", mapping]
    # A Windows host does not write a debugger's report into the standard output of a program that crashed.
    environment = wine_environment(WINEDLLOVERRIDES="winedbg.exe=d")
    return Bridge(command, environment, ready, os.path.join(directory, "agent.log"), key)


class TemporaryDirectory:
    """A directory that is gone at the end, with a short name, since sockets' names are limited."""

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="mz")
        return self.path

    def __exit__(self, *_):
        shutil.rmtree(self.path, ignore_errors=True)


def kill_process(process):
    if process.poll() is None:
        process.send_signal(signal.SIGKILL)
    process.wait()
