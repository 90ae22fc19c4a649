# SPDX-License-Identifier: MIT
"""What the agent refuses to start with, and what it says then."""

import os
import subprocess
import unittest

import bridges
import limited_tests


class KeyFile(unittest.TestCase):
    def test_a_key_that_others_can_read_is_refused(self):
        with bridges.TemporaryDirectory() as directory:
            key_file = bridges.make_key(directory)
            os.chmod(key_file, 0o640)
            result = subprocess.run([bridges.HOSTBRIDGE, "--listen", "tcp:127.0.0.1:0", "--key-file", key_file],
                                    stderr=subprocess.PIPE, timeout=bridges.HANG_GUARD, check=False)
            self.assertNotEqual(result.returncode, 0)
            self.assertIn(key_file.encode(), result.stderr)

    def test_tcp_without_a_key_is_refused(self):
        result = subprocess.run([bridges.HOSTBRIDGE, "--listen", "tcp:127.0.0.1:0"], stderr=subprocess.PIPE,
                                timeout=bridges.HANG_GUARD, check=False)
        self.assertNotEqual(result.returncode, 0)
        self.assertIn(b"--key-file", result.stderr)


class CommandLine(unittest.TestCase):
    def run_agent(self, *arguments):
        return subprocess.run([bridges.HOSTBRIDGE, *arguments], stderr=subprocess.PIPE, stdout=subprocess.PIPE,
                              timeout=bridges.HANG_GUARD, check=False, text=True)

    def test_what_is_wrong_with_it_is_said_on_standard_error(self):
        for arguments in (["--listen"], ["--no-such-option"], ["--no\nline"], ["--cache-size", "-1"], ["--cache-size", " -1"],
                          ["--cache-size", "much"], ["--max-sessions", "0"], ["--grace", "-1"], ["--log", "xml"], ["keygen"], []):
            with self.subTest(arguments=arguments):
                result = self.run_agent(*arguments)
                self.assertEqual((result.returncode, result.stdout), (2, ""), result)
                self.assertRegex(result.stderr, r"\Ahostbridge: [^\n]{10,200}\n\Z")

    def test_help_and_version_are_no_errors(self):
        for argument in ("--help", "--version"):
            result = self.run_agent(argument)
            self.assertEqual((result.returncode, result.stderr), (0, ""), result)
            self.assertIn("hostbridge", result.stdout)


if __name__ == "__main__":
    limited_tests.main()
