# SPDX-License-Identifier: MIT
"""The completion for bash: what its function offers for a line, and that this is what mzinit takes."""

import os
import re
import shutil
import subprocess
import sys
import unittest

import bridges
import limited_tests
import mzinit_peer as peer

SCRIPT = os.path.join(bridges.SOURCE, "init", "package", "completion.bash")
# The line is split as bash does: "=" is a word of its own.
DRIVER = """
source "$1"
shift
COMP_WORDS=("$@")
COMP_CWORD=$(($# - 1))
_mzinit
printf '%s\\n' "${COMPREPLY[@]}"
"""


# What zsh's bashcompinit does: no word is split, and the whole word is replaced.
ZSH = shutil.which("zsh")
ZSH_DRIVER = """
autoload -U +X compinit bashcompinit && compinit -D -u && bashcompinit && source "$1"
shift
() {
    local -a COMP_WORDS COMPREPLY words
    COMP_WORDS=("$@")
    words=("$@")
    local COMP_CWORD=$(($# - 1)) CURRENT=$#
    compgen -F _mzinit -- "${words[-1]}"
} "$@"
exit 0
"""


class Completion(unittest.TestCase):
    def setUp(self):
        self.directory = self.enterContext(bridges.TemporaryDirectory())
        os.symlink(bridges.MZINIT, os.path.join(self.directory, "mzinit"))
        self.environment = dict(os.environ, PATH=f"{self.directory}:{os.environ['PATH']}",
                                MZINIT_HOST=f"unix:{self.directory}/agent")

    def offered(self, *words, shell=("bash", "--norc", "-c", DRIVER, "bash")):
        result = subprocess.run([*shell, SCRIPT, "mzinit", *words], env=self.environment, text=True,
                                stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=True,
                                timeout=bridges.HANG_GUARD)
        self.assertEqual(result.stderr, "")
        return list(filter(None, result.stdout.split("\n")))

    def offering(self, *names):
        """An agent that offers these, whatever it is asked for."""
        agent = peer.Agent(self.environment["MZINIT_HOST"], peer.run_program(lambda program: 0))
        self.addCleanup(agent.close)
        agent.info["names"] = list(names)
        return agent

    def help_options(self, *words):
        output = subprocess.run([bridges.MZINIT, *words, "--help"], stdout=subprocess.PIPE, text=True, check=True,
                                timeout=bridges.HANG_GUARD).stdout
        return set(re.findall(r"--[a-z][a-z-]+", output)) - {"--help"}

    def test_subcommands(self):
        self.assertEqual(self.offered("re"), ["register", "report"])
        self.assertEqual(self.offered("shims", ""), ["add", "remove", "list", "available"])
        self.assertEqual(self.offered("config", "s"), ["show"])

    def test_every_subcommand_that_is_offered_exists(self):
        for word in self.offered(""):
            if word in ("--register", "--help", "--version"):
                continue
            with self.subTest(word):
                subprocess.run([bridges.MZINIT, word, "--help"], stdout=subprocess.DEVNULL, check=word != "path",
                               timeout=bridges.HANG_GUARD)

    def test_options_are_those_of_the_help(self):
        for words in (("run",), ("register",), ("unregister",), ("status",), ("doctor",), ("identify",), ("broker",),
                      ("shims", "add"), ("shims", "remove"), ("shims", "list"), ("shims", "available"), ("config", "show"), ("report",)):
            with self.subTest(words):
                self.assertEqual({word.rstrip("=") for word in self.offered(*words, "-") if word.startswith("--")},
                                 self.help_options(*words))

    def test_values_replace_what_follows_the_sign(self):
        self.assertEqual(self.offered("run", "--pty", "=", "a"), ["auto", "always"])
        self.assertEqual(self.offered("run", "--pty", "="), ["auto", "always", "never"])
        self.assertEqual(self.offered("run", "--pty", "=", "auto", "--upload", "=", "n"), ["never"])

    def test_the_values_of_text_are_known(self):
        for word in self.offered("run", "--text", "="):
            with self.subTest(word):
                result = subprocess.run([bridges.MZINIT, "run", f"--text={word}", "/nowhere"], stderr=subprocess.DEVNULL, check=False,
                                        timeout=bridges.HANG_GUARD)
                self.assertEqual(result.returncode, 127)

    def test_the_programs_arguments_are_its_own(self):
        for words in (("x.exe", "-"), ("--", "x.exe", "-"), ("--with", "-"), ("--host", "clip", "--p")):
            self.assertEqual(self.offered("run", *words), [], words)
        self.assertIn("--host", self.offered("run", "--with", "a", "-"))

    def test_shims(self):
        subprocess.run(["mzinit", "shims", "add", "--directory", self.directory, "clip", "cmd.exe", "$(echo)"], env=self.environment,
                       stderr=subprocess.DEVNULL, check=False, timeout=bridges.HANG_GUARD)
        subprocess.run(["mzinit", "shims", "add", "--directory", self.directory, "--as", "shell", "powershell"], env=self.environment,
                       check=True, timeout=bridges.HANG_GUARD)
        self.assertEqual(self.offered("shims", "remove", "c"), ["clip", "cmd.exe"])
        self.assertEqual(self.offered("shims", "remove", "clip", "s"), ["shell"])
        self.assertEqual(self.offered("run", "--host", "p"), ["powershell"])
        self.assertEqual(self.offered("shims", "add", "c"), [])

    def test_programs_of_the_host(self):
        self.offering("clip.exe", "Clock.exe", "cmd.exe", "$(echo).exe", "My Tool.exe")
        for words in (("run", "--host"), ("run", "--host", "--detach"), ("shims", "add"), ("shims", "add", "clip"),
                      ("shims", "add", "--as", "it"), ("shims", "available")):
            with self.subTest(words):
                self.assertEqual(self.offered(*words, "cl"), ["clip.exe", "clock.exe"])
        self.assertEqual(self.offered("run", "--host", ""),
                         ["clip.exe", "Clock.exe", "cmd.exe", r"\$\(echo\).exe", r"My\ Tool.exe"])
        self.assertEqual(self.offered("run", "--host", r"My\ t"), [r"My\ tool.exe"])
        for words in (("run", "cl"), ("shims", "add", "--as", "cl"), ("shims", "add", "--directory", "cl"), ("run", "--host", "$(touch x)")):
            self.assertEqual(self.offered(*words), [], words)

    @unittest.skipUnless(ZSH, "zsh is not installed")
    def test_zsh_takes_it(self):
        self.offering("clip.exe", "Clock.exe")

        def offered(*words):
            return self.offered(*words, shell=(ZSH, "-f", "-c", ZSH_DRIVER, "zsh"))

        self.assertEqual(offered("re"), ["register", "report"])
        self.assertEqual(offered("config", "s"), ["show"])
        self.assertEqual(offered("run", "--pty=a"), ["--pty=auto", "--pty=always"])
        self.assertEqual(offered("run", "--host", "cl"), ["clip.exe", "clock.exe"])
        self.assertEqual(offered("shims", "add", "cl"), ["clip.exe", "clock.exe"])


if __name__ == "__main__":
    if not os.path.exists(bridges.MZINIT):
        print(f"skipped: {bridges.MZINIT} has not been built")
        sys.exit(bridges.SKIP)
    limited_tests.main()
