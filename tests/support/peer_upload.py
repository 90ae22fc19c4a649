# SPDX-License-Identifier: MIT
"""The agent's side of an upload for the independent peer, written from proto/PROTOCOL.md section 5 alone."""

import hashlib
from typing import NamedTuple

import peer_connection as wire


class SentFile(NamedTuple):
    name: str
    contents: bytes  # None if it was not wanted
    size: int
    sha256: bytes


class Upload:
    """What a client sends of its program. Every rule that binds the client is checked."""

    def __init__(self, session, launch):
        if not launch.can_upload:
            raise wire.ProtocolError("the client does not offer its program")
        self.session, self.signals, self.complete = session, [], None
        session.connection.send_control("ManifestRequest")
        self.manifest = self.next_control("Manifest").files
        if not 1 <= len(self.manifest) <= 240:
            raise wire.ProtocolError(f"a manifest of {len(self.manifest)} files")
        for file in self.manifest:
            if not 1 <= len(file["name"].encode()) <= 255 or len(file["sha256"]) != 32:
                raise wire.ProtocolError(f"in a manifest: {file}")

    def next_control(self, wanted):
        while True:
            message = wire.expect(self.session.connection.next_frame().control(), wanted, "Signal", "Resize", "Ping", "Pong")
            if message.name == wanted:
                return message
            self.noticed(message)

    def noticed(self, message):
        if message.name == "Ping":
            self.session.connection.send_control("Pong", token=message.token)
        elif message.name == "Signal":
            self.signals.append(message.signal)

    def names(self):
        return [file["name"] for file in self.manifest]

    def ask(self, indices=None):
        """Sends FilesWanted; all of them unless told."""
        self.indices = list(range(len(self.manifest))) if indices is None else indices
        self.stream = wire.IncomingStream(self.session.connection, wire.UPLOAD_STREAM,
                                          self.session.greeting_fields["initial_credit"])
        self.session.connection.send_control("FilesWanted", indices=self.indices)

    def receive_some(self):
        """Takes one frame."""
        frame = self.session.connection.next_frame()
        if frame.type == wire.DATA and frame.stream == wire.UPLOAD_STREAM:
            self.stream.received(frame.payload)
        else:
            self.noticed(wire.expect(frame.control(), "Signal", "Resize", "Ping", "Pong"))

    def receive(self, indices=None):
        """Takes the files of `indices`; returns a SentFile for each of the manifest. `complete` says whether all came."""
        self.ask(indices)
        received = bytearray()
        while not self.stream.ended:
            self.receive_some()
            received += self.stream.take()
        return self.split(bytes(received))

    def split(self, received):
        wanted = sum(self.manifest[index].get("size", 0) for index in self.indices)
        if len(received) > wanted:
            raise wire.ProtocolError(f"{len(received)} bytes in place of {wanted}")
        self.complete = len(received) == wanted
        files, at = [], 0
        for index, file in enumerate(self.manifest):
            size, contents = file.get("size", 0), None
            if index in self.indices:
                contents = received[at:at + size]
                at += size
                if self.complete and hashlib.sha256(contents).digest() != file["sha256"]:
                    raise wire.ProtocolError(f"{file['name']} is not what the manifest says")
            files.append(SentFile(file["name"], contents, size, file["sha256"]))
        return files


def upload_then(callback, program=lambda program: 0, indices=None):
    """A behaviour: ask for the program of a Launch, take the files of `indices` (all), call `callback(files)`, and run."""

    def behave(session):
        session.begin()
        launch = session.read_launch()
        upload = Upload(session, launch)
        callback(upload.receive(indices))
        session.finish(code=program(session.start(launch)))

    return behave
