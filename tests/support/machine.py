# SPDX-License-Identifier: MIT
"""A virtual machine whose kernel starts mzinit: the initramfs, and QEMU with the console in our hands."""

import itertools
import os
import re
import selectors
import shutil
import subprocess
import time

import bridges

GUEST = os.path.join(bridges.SOURCE, "tests", "support", "guest")
CACHE = os.environ.get("MZINIT_GUEST_CACHE") or os.path.join(bridges.SOURCE, "build", "guest")
KERNEL = os.path.join(CACHE, "kernel")
# Nothing that works takes this long, even emulated on a loaded machine.
PATIENCE = 240


def fetch_kernel():
    subprocess.run([os.path.join(GUEST, "fetch_kernel.sh"), KERNEL], check=True, stdout=subprocess.DEVNULL)


class Initramfs:
    """A root directory that is made into an initramfs."""

    MODULES = ("virtio_pci", "virtio_net", "virtio_blk", "binfmt_misc", "vsock_loopback")

    def __init__(self, directory):
        self.root = os.path.join(directory, "root")
        self.archive = os.path.join(directory, "initramfs.cpio")
        # No /dev, /proc, /sys, /run: what is missing is made by mzinit.
        for name in ("bin", "etc", "root", "tmp"):
            os.makedirs(os.path.join(self.root, name))
        self.add(bridges.MZINIT, "init")
        self.add(shutil.which("busybox"), "bin/busybox")
        for applet in subprocess.run(["busybox", "--list"], stdout=subprocess.PIPE, text=True, check=True).stdout.split():
            if applet not in ("busybox", "init"):
                os.symlink("busybox", os.path.join(self.root, "bin", applet))
        self.add_modules()

    def path(self, name):
        return os.path.join(self.root, name.lstrip("/"))

    def add(self, source, name=None):
        target = self.path(name or source)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        shutil.copy(source, target)
        return target

    def write(self, name, text, mode=0o644):
        target = self.path(name)
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "w") as file:
            file.write(text)
        os.chmod(target, mode)

    def add_with_libraries(self, program, name=None):
        """A dynamic program, and what its loader needs."""
        self.add(program, name)
        listed = subprocess.run(["ldd", program], stdout=subprocess.PIPE, text=True, check=True).stdout
        for library in re.findall(r"(/\S+)", listed):
            if os.path.isfile(library):
                self.add(library)

    def add_modules(self):
        """Those of MODULES with all that they need, and modules.dep as depmod made it."""
        release = os.listdir(os.path.join(KERNEL, "lib", "modules"))[0]
        source = os.path.join(KERNEL, "lib", "modules", release)
        target = self.path(f"lib/modules/{release}")
        os.makedirs(target)
        for name in ("modules.dep", "modules.builtin"):
            shutil.copy(os.path.join(source, name), target)
        with open(os.path.join(source, "modules.dep")) as file:
            lines = dict(line.rstrip("\n").split(":") for line in file)
        for module, needed in lines.items():
            if os.path.basename(module).split(".")[0] in self.MODULES:
                for each in (module, *needed.split()):
                    os.makedirs(os.path.dirname(os.path.join(target, each)), exist_ok=True)
                    shutil.copy(os.path.join(source, each), os.path.join(target, each))

    def pack(self):
        find = subprocess.Popen(["find", "."], cwd=self.root, stdout=subprocess.PIPE)
        with open(self.archive, "wb") as archive:
            subprocess.run(["cpio", "--quiet", "--create", "--format", "newc", "--owner", "0:0"], cwd=self.root,
                           stdin=find.stdout, stdout=archive, check=True)
        find.stdout.close()
        find.wait()
        return self.archive


class Machine:
    """A booted machine. Its console is a serial line. Use as a context manager."""

    def __init__(self, archive, command_line="", disk=None):
        kernel = next(name for name in os.listdir(os.path.join(KERNEL, "boot")) if name.startswith("vmlinuz-"))
        command = ["qemu-system-x86_64", "-machine", "pc", "-accel", "tcg,thread=multi", "-cpu", "max,smap=off", "-smp", "2",
                   "-m", "512", "-nodefaults", "-no-user-config", "-no-reboot", "-display", "none",
                   "-kernel", os.path.join(KERNEL, "boot", kernel), "-initrd", archive,
                   "-append", f"console=ttyS0 quiet panic=-1 random.trust_cpu=on mitigations=off {command_line}",
                   "-serial", "stdio", "-netdev", "user,id=network", "-device", "virtio-net-pci,netdev=network,romfile="]
        if disk:
            command += ["-drive", f"file={disk},format=raw,if=virtio"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.selector = selectors.DefaultSelector()
        self.selector.register(self.process.stdout, selectors.EVENT_READ)
        self.console = ""
        self.seen = 0  # how much of it has been looked at
        self.numbers = itertools.count(1)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        bridges.kill_process(self.process)
        self.selector.close()
        self.process.stdin.close()
        self.process.stdout.close()

    def read(self, deadline):
        """More of the console; False at its end."""
        if not self.selector.select(max(0, deadline - time.monotonic())):
            raise AssertionError(f"waited {PATIENCE} s in vain; the console:\n{self.console}")
        piece = self.process.stdout.read()
        if not piece:
            return False
        self.console += piece.decode(errors="replace")
        return True

    def wait_for(self, pattern):
        """Waits until the console shows it, after what has been waited for before; returns the match."""
        deadline = time.monotonic() + PATIENCE
        while True:
            match = re.compile(pattern).search(self.console, self.seen)
            if match:
                self.seen = match.end()
                return match
            if not self.read(deadline):
                raise AssertionError(f"the machine ended before it showed {pattern!r}; the console:\n{self.console}")

    def wait_for_prompt(self):
        self.wait_for(r"bash-[0-9.]+# $")

    def type(self, text):
        self.process.stdin.write(text.encode())
        self.process.stdin.flush()

    def run(self, command):
        """Types a command for bash on the console; its exit status and what it wrote."""
        number = next(self.numbers)
        # The marks are not in what is typed, which the terminal echoes.
        self.type(f"echo '<'{number}'<'; {command}; echo '>'{number}'>'$?'>'\n")
        self.wait_for(rf"<{number}<\r?\n")
        begin = self.seen
        match = self.wait_for(rf">{number}>(\d+)>\r?\n")
        output = self.console[begin:match.start()].replace("\r\n", "\n")
        # What init says of services and rules meanwhile, and the shell of jobs, is none of the command's.
        return int(match[1]), re.sub(r"mzinit: (service|rule|broker) [^\n]*\n|\[\d+\][+-]? [^\n]*\n", "", output)

    def wait_for_end(self):
        """Until QEMU has ended; the whole console."""
        deadline = time.monotonic() + PATIENCE
        while self.read(deadline):
            pass
        if self.process.wait(PATIENCE) != 0:
            raise AssertionError(f"QEMU ended with {self.process.returncode}; the console:\n{self.console}")
        return self.console
