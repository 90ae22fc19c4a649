# SPDX-License-Identifier: MIT
"""What is said of a failed test: enough to see what happened, and never so much that it hides the next one."""

import os
import signal
import subprocess
import sys
import tempfile
import textwrap
import unittest

import bridges
import show_failures


def ctest_log(*tests):
    """A LastTest.log of (name, output, passed)."""
    blocks = ["Start testing: Jan 01 00:00 UTC\n" + "-" * 58 + "\n"]
    for number, (name, output, passed) in enumerate(tests, 1):
        at = f"{number}/{len(tests)}"
        blocks.append(f'{at} Testing: {name}\n{at} Test: {name}\nCommand: "x"\nDirectory: /\n"{name}" start time: x\nOutput:\n'
                      f"{'-' * 58}\n{output}<end of output>\nTest time =   0.01 sec\n{'-' * 58}\n"
                      f'Test {"Passed" if passed else "Failed"}.\n"{name}" end time: x\n{"-" * 58}\n\n')
    return "".join(blocks) + "End testing: Jan 01 00:00 UTC\n"


def unittest_output(body):
    """What unittest prints about a class with these methods."""
    script = f"import unittest\nclass T(unittest.TestCase):\n{textwrap.indent(textwrap.dedent(body), '    ')}\nunittest.main()\n"
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, "t.py")
        with open(path, "w") as file:
            file.write(script)
        return subprocess.run([sys.executable, path], stderr=subprocess.PIPE, text=True).stderr


class ShowFailures(unittest.TestCase):
    def report(self, **presets):
        """The lines for a tree of builds, by preset what was tested."""
        with tempfile.TemporaryDirectory() as build:
            for preset, tests in presets.items():
                directory = os.path.join(build, preset, "Testing", "Temporary")
                os.makedirs(directory)
                with open(os.path.join(directory, "LastTest.log"), "w") as file:
                    file.write(ctest_log(*tests))
            return list(show_failures.report(build))

    def test_nothing_is_said_of_what_passed(self):
        failed_before = "FAIL: test_x (__main__.T.test_x)\n[  FAILED  ] A.b (0 ms)\nTest Failed.\n"
        self.assertEqual(self.report(release=[("one", failed_before, True)]), [])

    def test_all_names_come_before_the_first_essence(self):
        output = unittest_output("""
            def test_a(self): self.assertEqual(1, 2, "one\\ntwo")
            def test_b(self):
                with self.subTest(size=5): self.fail("no")
        """)
        lines = self.report(asan=[("unit", output, False)], release=[("fine", "", True), ("integration.x", output, False)])
        self.assertEqual(lines[:4], [
            "failed in asan: unit T.test_a: AssertionError: 1 != 2 : one",
            "failed in asan: unit T.test_b (size=5): AssertionError: no",
            "failed in release: integration.x T.test_a: AssertionError: 1 != 2 : one",
            "failed in release: integration.x T.test_b (size=5): AssertionError: no",
        ])
        self.assertEqual([line for line in lines[4:] if line.startswith("---")],
                         [f"--- {preset} T.{test}" for preset in ("asan: unit", "release: integration.x")
                          for test in ("test_a", "test_b (size=5)")])
        self.assertIn("two", lines[4:])

    def test_a_long_message_keeps_its_beginning_and_its_end(self):
        output = unittest_output("""
            def test_a(self): self.fail("what\\n" + "\\n".join(f"log {n} " + "x" * 1000 for n in range(500)))
        """)
        lines = self.report(release=[("integration", output, False)])
        self.assertLessEqual(len(lines), 1 + 2 + show_failures.MOST_LINES)
        self.assertLessEqual(max(map(len, lines)), show_failures.MOST_COLUMNS)
        self.assertIn("AssertionError: what", lines)
        self.assertTrue(lines[-1].startswith("log 499 x"), lines[-1])

    def test_a_class_whose_agent_died_is_a_line_for_each_test(self):
        output = unittest_output("""
            known = False
            def setUp(self):
                T.known, known = True, T.known
                self.fail("the agent has died (exit 5)" + ("" if known else "\\npanic"))
            def test_a(self): pass
            def test_b(self): pass
        """)
        lines = self.report(release=[("integration", output, False)])
        self.assertEqual(lines[1], "failed in release: integration T.test_b: AssertionError: the agent has died (exit 5)")
        self.assertEqual([line for line in lines if line.startswith("---")], ["--- release: integration T.test_a"])
        self.assertEqual(lines[-1], "panic")

    def test_class_that_cannot_be_set_up_is_named(self):
        output = unittest_output("""
            @classmethod
            def setUpClass(cls): raise OSError("no")
            def test_a(self): pass
        """)
        self.assertEqual(self.report(release=[("i", output, False)])[0], "failed in release: i T.setUpClass: OSError: no")

    def test_googletest_is_understood(self):
        output = textwrap.dedent("""\
            [ RUN      ] Codec.Fine
            [       OK ] Codec.Fine (0 ms)
            [ RUN      ] Codec.Wrong/3
            noise
            /src/tests/a_test.cpp:7: Failure
            Value of: f()
              Actual: 1
            [  FAILED  ] Codec.Wrong/3, where GetParam() = 3 (0 ms)
            [  FAILED  ] Codec.Wrong/3, where GetParam() = 3
        """)
        self.assertEqual(self.report(asan=[("unit", output, False)]), [
            "failed in asan: unit Codec.Wrong/3: /src/tests/a_test.cpp:7: Failure Value of: f()", "",
            "--- asan: unit Codec.Wrong/3", "/src/tests/a_test.cpp:7: Failure", "Value of: f()", "  Actual: 1"])

    def test_a_program_that_crashed_is_named_by_its_last_test(self):
        output = "[ RUN      ] Codec.Crashes\n==1==ERROR: AddressSanitizer: heap-use-after-free\n    #0 f\n"
        lines = self.report(asan=[("unit", output, False)])
        self.assertTrue(lines[0].startswith("failed in asan: unit Codec.Crashes: ==1==ERROR: AddressSanitizer"), lines)

    def test_of_anything_else_the_end_is_shown(self):
        output = "".join(f"line {n}\n" for n in range(100))
        lines = self.report(fuzz=[("fuzz.x", output, False)])
        self.assertEqual(lines[0], "failed in fuzz: fuzz.x: line 99")
        self.assertEqual(lines[3:], [f"line {n}" for n in range(100 - show_failures.MOST_LINES, 100)])

    def test_many_failures_are_named_and_a_few_shown(self):
        output = unittest_output("\n".join(f"def test_{n}(self): self.fail()" for n in range(100, 150)))
        lines = self.report(release=[("i", output, False)])
        self.assertEqual(sum(line.startswith("failed in") for line in lines), 50)
        self.assertEqual(sum(line.startswith("---") for line in lines), show_failures.MOST_FAILURES)
        self.assertTrue(lines[-1].startswith("[30 more failed"), lines[-1])


class AgentsLog(unittest.TestCase):
    def log(self):
        lines = [f"launch {n}" for n in range(1000)]
        lines[3] = "wine: Unhandled page fault"
        return bridges.Log("\n".join(lines) + "\n")

    def test_excerpt_is_the_end_and_what_went_wrong_before(self):
        lines = bridges.excerpt(self.log()).splitlines()
        self.assertEqual(lines[:2], ["wine: Unhandled page fault", f"[{1000 - bridges.LOG_LINES - 1} lines left out]"])
        self.assertEqual(lines[2:], [f"launch {n}" for n in range(1000 - bridges.LOG_LINES, 1000)])

    def test_excerpt_of_a_short_log_is_the_log(self):
        self.assertEqual(bridges.excerpt("a\nb\n"), "a\nb")

    def test_assertions_about_a_log_show_an_excerpt_and_look_at_all(self):
        self.assertIn("launch 500\n", self.log())
        for fails in (lambda: self.assertIn("nowhere", self.log()), lambda: self.assertRegex(self.log()[1:], "nowhere")):
            with self.assertRaises(AssertionError) as caught:
                fails()
            self.assertIn("Unhandled", str(caught.exception))
            self.assertLess(str(caught.exception).count("launch"), 50)

    def test_death_is_told_with_the_log_once(self):
        with tempfile.TemporaryDirectory() as directory:
            ready = os.path.join(directory, "ready")
            command = ["sh", "-c", 'echo panic; echo unix:x > "$1"; exec sleep 1000', "sh", ready]
            with bridges.Bridge(command, None, ready, os.path.join(directory, "log")) as bridge:
                bridge.assert_alive()
                bridges.kill_process(bridge.process)
                for told in ("the agent has died (exit -9)\npanic", "the agent has died (exit -9)"):
                    with self.assertRaises(AssertionError) as caught:
                        bridge.assert_alive()
                    self.assertEqual(str(caught.exception), told)


class Hanging(unittest.TestCase):
    def test_a_program_that_ends_in_time_is_as_with_subprocess(self):
        result = bridges.run(["sh", "-c", "cat; echo error >&2; exit 3"], input=b"text", capture_output=True)
        self.assertEqual((result.returncode, result.stdout, result.stderr), (3, b"text", b"error\n"))

    def test_a_program_that_takes_too_long_is_killed_and_described(self):
        with self.assertRaises(AssertionError) as caught:
            bridges.run(["sleep", "1000"], timeout=0.01)
        self.assertRegex(str(caught.exception), r"\['sleep', '1000'\] took over 0.01 s: process \d+ runs\n")

    def test_who_holds_the_output_of_a_program_that_has_ended_is_named_first(self):
        with subprocess.Popen(["sh", "-c", "sleep 1000 & echo $!; exit 3"], stdout=subprocess.PIPE) as process:
            holder = int(process.stdout.readline())
            try:
                process.wait()
                told = bridges.what_hangs(process).splitlines()
            finally:
                os.kill(holder, signal.SIGKILL)
        self.assertEqual(told[0], "it has ended with 3")
        self.assertRegex(told[1], rf"^  {holder} \(parent \d+, [SDR], .*\) .* holds its output$")
        self.assertEqual(sum("holds its output" in line for line in told), 1)


class TestsThatHang(unittest.TestCase):
    def test_one_that_waits_for_ever_fails_with_where_it_stood_and_the_next_runs(self):
        with tempfile.TemporaryDirectory() as directory:
            path = os.path.join(directory, "hangs.py")
            with open(path, "w") as file:
                file.write(textwrap.dedent("""
                    import subprocess, unittest, limited_tests
                    limited_tests.LimitedResult.limit = 0.5
                    limited_tests.witnesses.append(lambda: "what the log said")
                    class T(unittest.TestCase):
                        def test_a(self):
                            child = subprocess.Popen(["sleep", "1234"])
                            try:
                                child.wait()
                            finally:
                                child.kill()
                        def test_b(self):
                            print("b has run")
                    limited_tests.main()
                """))
            ended = subprocess.run([sys.executable, path], capture_output=True, text=True, timeout=bridges.HANG_GUARD)
        self.assertEqual((ended.returncode, ended.stdout), (1, "b has run\n"))
        self.assertRegex(ended.stderr, r"child\.wait\(\)")
        self.assertRegex(ended.stderr, r"TookTooLong: not done after 0\.5 s")
        self.assertRegex(ended.stderr, r"\n\d+ \(of \d+\) S \w+ sleep 1234\n")
        self.assertIn("\nwhat the log said\n", ended.stderr)
        self.assertIn("FAILED (errors=1)", ended.stderr)


if __name__ == "__main__":
    unittest.main(verbosity=2)
