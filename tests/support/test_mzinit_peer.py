# SPDX-License-Identifier: MIT
"""The Python peer against itself, and against the golden bytes of the released protocol versions."""

import json
import os
import pathlib
import random
import tempfile
import unittest

import mzinit_peer as peer
import peer_connection as wire
import peer_messages as messages

KEY = bytes(range(32))
GOLDEN = pathlib.Path(__file__).resolve().parents[1] / "golden"


def upper(program):
    """cat, in capitals, that complains at the end."""
    while data := program.read():
        if not program.write(data.upper()):
            return "PIPE"
    program.write(b"done", stream=2)
    return 7


class Messages(unittest.TestCase):
    def test_every_message_survives_the_round_trip(self):
        for name, (_, schema) in messages.MESSAGES.items():
            fields = {field.name: self.sample(field) for field in schema.values() if not field.oneof}
            decoded = messages.decode_control(messages.encode_control(name, **fields))
            self.assertEqual((decoded.name, decoded.fields), (name, fields))

    def sample(self, field):
        if not isinstance(field.kind, str):
            value = {inner.name: self.sample(inner) for inner in field.kind.values()}
        else:
            value = {messages.UINT: 300, messages.BOOL: True, messages.BYTES: b"\xff\0", messages.STRING: "ü"}[field.kind]
        return [value, value] if field.repeated else value

    def test_an_exit_code_of_zero_is_written(self):
        self.assertEqual(messages.encode_control("ExitStatus", code=0), b"\x82\x01\x02\x08\x00")
        self.assertEqual(messages.decode_control(b"\x82\x01\x02\x08\x00").code, 0)

    def test_unpacked_descriptors_are_understood(self):
        self.assertEqual(messages.decode_control(b"\x22\x04\x60\x03\x60\x04").descriptors, [3, 4])

    def test_unknown_fields_are_ignored_and_unknown_bodies_are_not(self):
        self.assertEqual(messages.decode_control(b"\x72\x05\x08\x01\x98\x06\x01").token, 1)
        with self.assertRaises(messages.DecodeError):
            messages.decode_control(b"\xfa\x01\x00")

    def test_random_bytes_only_ever_raise_a_decode_error(self):
        generator = random.Random(1)
        for _ in range(5000):
            try:
                messages.decode_control(generator.randbytes(generator.randrange(40)))
            except messages.DecodeError:
                pass


class PeerAgainstItself(unittest.TestCase):
    def setUp(self):
        self.directory = tempfile.TemporaryDirectory()
        self.addCleanup(self.directory.cleanup)
        self.unix = f"unix:{self.directory.name}/agent"

    def agent(self, endpoint, behaviour, **more):
        agent = peer.Agent(endpoint, behaviour, **more)
        self.addCleanup(lambda: self.assertEqual(agent.errors, []))
        self.addCleanup(agent.close)
        return agent

    def test_a_program_runs_over_unix(self):
        self.agent(self.unix, peer.run_program(upper))
        with peer.Client(self.unix).begin() as client:
            self.assertEqual(client.launch("/bin/sh").name, "LaunchReply")
            self.assertEqual(client.communicate(b"abc"), peer.Result(b"ABC", b"done", 7, None, 3))

    def test_a_program_runs_over_tcp_with_a_key_and_much_data(self):
        agent = self.agent("tcp:127.0.0.1:0", peer.run_program(upper), key=KEY)
        data = os.urandom(3 << 20)
        with peer.Client(agent.endpoint, key=KEY).begin() as client:
            client.launch("/bin/sh")
            result = client.communicate(data)
        self.assertEqual((result.stdout, result.code, result.stdin_consumed), (data.upper(), 7, len(data)))

    def test_descriptors_are_passed_over_unix(self):
        self.agent(self.unix, peer.run_program(upper))
        with tempfile.TemporaryFile() as source, tempfile.TemporaryFile() as sink:
            source.write(b"passed")
            source.seek(0)
            with peer.Client(self.unix).begin() as client:
                client.launch("/bin/sh", passed={messages.STDIN: source.fileno(), messages.STDOUT: sink.fileno()})
                self.assertEqual(client.relayed, {2})
                result = client.communicate()
            sink.seek(0)
            self.assertEqual((sink.read(), result.stderr, result.code), (b"PASSED", b"done", 7))

    def test_the_wrong_key_is_refused(self):
        agent = peer.Agent("tcp:127.0.0.1:0", peer.run_program(upper), key=KEY)
        with peer.Client(agent.endpoint, key=bytes(32)) as client:
            with self.assertRaisesRegex(peer.Refusal, "authentication_failed"):
                client.begin()
        agent.close()
        self.assertEqual(agent.errors, ["ProtocolError: the client does not have the key"])

    def test_a_signal_reaches_the_program(self):
        def until_interrupted(program):
            program.wait_until(lambda self: self.signals)
            return program.signals[0]

        self.agent(self.unix, peer.run_program(until_interrupted))
        with peer.Client(self.unix).begin() as client:
            client.launch("/bin/sh")
            client.connection.send_control("Signal", signal=messages.SIGNAL_NUMBERS["INT"])
            self.assertEqual(client.communicate().signal, messages.SIGNAL_NUMBERS["INT"])

    def test_a_closed_reader_stops_the_program(self):
        def endless(program):
            while program.write(b"y\n" * 4096):
                pass
            return "PIPE"

        self.agent(self.unix, peer.run_program(endless))
        with peer.Client(self.unix).begin() as client:
            client.launch("/bin/sh")
            client.wait_until(lambda: client.output[1].total > 1 << 19)
            client.output[1].close()
            self.assertEqual(client.communicate().signal, messages.SIGNAL_NUMBERS["PIPE"])


@unittest.skipUnless(GOLDEN.is_dir(), f"{GOLDEN} is not there")
class GoldenBytes(unittest.TestCase):
    """tests/golden/README.md describes the manifest."""

    def entries(self):
        for manifest in sorted(GOLDEN.glob("v*/manifest.json")):
            for entry in json.loads(manifest.read_text(encoding="utf-8"))["frames"]:
                with self.subTest(file=entry["file"]):
                    yield entry, (manifest.parent / entry["file"]).read_bytes()

    def test_every_golden_frame_means_what_the_manifest_says(self):
        count = 0
        for entry, data in self.entries():
            count += 1
            (frame,) = wire.FrameDecoder().feed(data)
            self.assertEqual((frame.type, frame.stream), (entry["type"], entry["stream"]))
            if entry["type"] == wire.CONTROL:
                message = frame.control()
                self.assertEqual((message.name, message.fields), (entry["message"], self.fields(message.name, entry)))
            else:
                self.assertEqual(frame.payload.hex(), entry["payload"])
        self.assertGreater(count, 20)

    def test_the_peer_writes_the_golden_bytes(self):
        for entry, data in self.entries():
            if entry["type"] == wire.CONTROL:
                made = wire.control_frame(entry["message"], **self.fields(entry["message"], entry))
            else:
                made = wire.encode_frame(entry["type"], entry["stream"], bytes.fromhex(entry["payload"]))
            self.assertEqual(made, data)

    def test_the_golden_proofs_are_ours(self):
        proofs = 0
        for manifest in sorted(GOLDEN.glob("v*/manifest.json")):
            values = json.loads(manifest.read_text(encoding="utf-8"))["authentication"]
            greetings = [(manifest.parent / values[side]).read_bytes()[8:] for side in ("client_greeting", "agent_greeting")]
            for side in ("client", "agent"):
                made = wire.proof(side, bytes.fromhex(values["key"]), values["key_id"], *greetings)
                self.assertEqual(made.hex(), values[f"{side}_proof"])
                proofs += 1
        self.assertGreater(proofs, 0)

    def fields(self, name, entry):
        return from_json(messages.MESSAGES[name][1], entry["fields"])


def from_json(schema, values):
    """Manifest values: bytes are written in hexadecimal."""
    kinds = {field.name: field for field in schema.values()}

    def convert(kind, value):
        if kind == messages.BYTES:
            return bytes.fromhex(value)
        return value if isinstance(kind, str) else from_json(kind, value)

    return {name: [convert(kinds[name].kind, item) for item in value] if kinds[name].repeated
            else convert(kinds[name].kind, value) for name, value in values.items()}


if __name__ == "__main__":
    unittest.main()
