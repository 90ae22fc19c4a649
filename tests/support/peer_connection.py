# SPDX-License-Identifier: MIT
"""Frames, endpoints, proofs and streams of the mzinit protocol, written from proto/PROTOCOL.md alone."""

import array
import collections
import hashlib
import hmac
import os
import selectors
import socket
import struct
import time
from typing import NamedTuple

from peer_messages import DecodeError, decode_control, encode_control

CONTROL, DATA, CREDIT = 1, 2, 3
HEADER = struct.Struct("<IBBH")
MAX_CONTROL, MAX_DATA, MAX_GREETING = 4 << 20, 256 << 10, 4096
MAX_OUTSTANDING = 16 << 20
MAGIC = b"mzinit\r\n"
PASS_DESCRIPTORS, RAW_TAIL, HOST_NAMES, REPORTS, UPLOADS, PATH_LISTS, REQUESTED_UPLOADS = (1 << bit for bit in range(7))
UPLOAD_STREAM = 16
STREAMS = (0, 1, 2, UPLOAD_STREAM)
MAX_MACHINE_NAME, MAX_REPORTED_COMMAND = 255, 4096
HANG_GUARD = 30.0  # Seconds. Nothing is expected to take so long; a test that waits so long has failed.


class ProtocolError(Exception):
    """The other side broke a rule of the specification."""


class ConnectionEnded(Exception):
    """The other side closed the connection where a frame was expected."""


class Frame(NamedTuple):
    type: int
    stream: int
    payload: bytes

    def control(self):
        if self.type != CONTROL:
            raise ProtocolError(f"expected a control message, not {self}")
        try:
            return decode_control(self.payload)
        except DecodeError as error:
            raise ProtocolError(str(error)) from error


def encode_frame(frame_type, stream, payload=b""):
    return HEADER.pack(len(payload), frame_type, stream, 0) + payload


def control_frame(name, **fields):
    return encode_frame(CONTROL, 0, encode_control(name, **fields))


def data_frame(stream, payload):
    return encode_frame(DATA, stream, payload)


def credit_frame(stream, count):
    return encode_frame(CREDIT, stream, struct.pack("<I", count))


class FrameDecoder:
    """Bytes in, frames out; raises ProtocolError as soon as a header is seen to be wrong."""

    def __init__(self):
        self.buffer = bytearray()

    def feed(self, data):
        self.buffer += data
        frames = []
        while len(self.buffer) >= HEADER.size:
            length, frame_type, stream, zero = HEADER.unpack_from(self.buffer)
            self.check(length, frame_type, stream, zero)
            if len(self.buffer) < HEADER.size + length:
                break
            frames.append(Frame(frame_type, stream, bytes(self.buffer[HEADER.size:HEADER.size + length])))
            del self.buffer[:HEADER.size + length]
        return frames

    @staticmethod
    def check(length, frame_type, stream, zero):
        if zero:
            raise ProtocolError("reserved field is not zero")
        if frame_type == CONTROL:
            right = stream == 0 and length <= MAX_CONTROL
        elif frame_type == DATA:
            right = stream in STREAMS and length <= MAX_DATA
        elif frame_type == CREDIT:
            right = stream in STREAMS and length == 4
        else:
            right = False
        if not right:
            raise ProtocolError(f"frame of type {frame_type}, stream {stream}, length {length}")


def field(data):
    return struct.pack("<I", len(data)) + data


def proof(side, key, key_id, client_greeting, agent_greeting):
    """`side` is "client" or "agent"; the greetings are the payloads of the two frames as they were on the wire."""
    parts = (f"mzinit1 {side}".encode(), key_id.encode(), client_greeting, agent_greeting)
    return hmac.new(key, b"".join(map(field, parts)), hashlib.sha256).digest()


def open_socket(endpoint, listening=False):
    """A connected or listening socket for unix:PATH, vsock:CID:PORT (listening: vsock:PORT) or tcp:ADDRESS:PORT."""
    transport, _, rest = endpoint.partition(":")
    if transport == "unix":
        family, address = socket.AF_UNIX, rest
    elif transport == "vsock":
        cid, port = (socket.VMADDR_CID_ANY, rest) if listening else rest.split(":")
        family, address = socket.AF_VSOCK, (int(cid), int(port))
    elif transport == "tcp":
        host, _, port = rest.rpartition(":")
        family = socket.AF_INET6 if host.startswith("[") else socket.AF_INET
        address = (host.strip("[]"), int(port))
    else:
        raise ValueError(endpoint)
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        if listening:
            sock.bind(address)
            sock.listen(128)
        else:
            sock.settimeout(HANG_GUARD)
            sock.connect(address)
    except OSError:
        sock.close()
        raise
    if transport == "tcp" and not listening:
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


class Connection:
    """A socket that is always read while something is waited for, as section 6 demands, and never blocks in a write.

    `cut_after`: the connection is closed as soon as that many bytes have been written."""

    def __init__(self, sock, cut_after=None):
        self.sock, self.cut_after = sock, cut_after
        sock.setblocking(False)
        self.decoder = FrameDecoder()
        self.frames = collections.deque()
        self.received = bytearray()  # Everything, as an observer sees it.
        self.record = False
        self.descriptors = []
        self.ended = False
        self.reset = False
        self.outgoing = bytearray()
        self.outgoing_descriptors = []
        self.sent = 0

    def send(self, data, descriptors=()):
        """Queues bytes and writes what fits. Descriptors travel with the first of the bytes."""
        if descriptors:
            self.flush()
            self.outgoing_descriptors = list(descriptors)
        self.outgoing += data
        self.write_some()

    def send_control(self, name, passing=(), **fields):
        """`passing`: descriptors that travel with the message."""
        self.send(control_frame(name, **fields), passing)

    def write_some(self):
        while self.outgoing and not self.ended:
            chunk = self.outgoing[:1 << 18]
            if self.cut_after is not None:
                chunk = chunk[:self.cut_after - self.sent]
            ancillary = []
            if self.outgoing_descriptors:
                ancillary = [(socket.SOL_SOCKET, socket.SCM_RIGHTS, array.array("i", self.outgoing_descriptors))]
            try:
                count = self.sock.sendmsg([chunk], ancillary, socket.MSG_NOSIGNAL) if chunk else 0
            except BlockingIOError:
                return
            except OSError:
                # What the other side wrote before it closed can still be read.
                self.outgoing.clear()
                return
            self.outgoing_descriptors = []
            self.sent += count
            del self.outgoing[:count]
            if self.cut_after is not None and self.sent >= self.cut_after:
                self.close()

    def read_some(self):
        try:
            data, ancillary, _, _ = self.sock.recvmsg(1 << 18, socket.CMSG_SPACE(64 * 4), socket.MSG_CMSG_CLOEXEC)
        except BlockingIOError:
            return
        except OSError:
            self.ended = self.reset = True
            return
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors = array.array("i")
                descriptors.frombytes(content[:len(content) - len(content) % 4])
                self.descriptors += descriptors
        if not data:
            self.ended = True
        if self.record:
            self.received += data
        self.frames += self.decoder.feed(data)

    def step(self, timeout):
        """Waits until bytes can be read or queued bytes written, and does so."""
        if self.ended:
            return
        with selectors.DefaultSelector() as selector:
            wanted = selectors.EVENT_READ | (selectors.EVENT_WRITE if self.outgoing else 0)
            selector.register(self.sock, wanted)
            for _, events in selector.select(timeout):
                if events & selectors.EVENT_WRITE:
                    self.write_some()
                if events & selectors.EVENT_READ and not self.ended:
                    self.read_some()

    def wait_until(self, condition, timeout=HANG_GUARD):
        """Steps until `condition()` holds; False if the connection ended first."""
        deadline = time.monotonic() + timeout
        while not condition():
            if self.ended:
                return False
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("the peer neither answered nor closed the connection")
            self.step(left)
        return True

    def next_frame(self, timeout=HANG_GUARD):
        if not self.wait_until(lambda: self.frames, timeout):
            raise ConnectionEnded()
        return self.frames.popleft()

    def next_control(self, timeout=HANG_GUARD):
        return self.next_frame(timeout).control()

    def flush(self, timeout=HANG_GUARD):
        return self.wait_until(lambda: not self.outgoing, timeout)

    def wait_for_end(self, timeout=HANG_GUARD):
        """Reads until the other side closes; returns the frames that came."""
        self.wait_until(lambda: False, timeout)
        frames = list(self.frames)
        self.frames.clear()
        return frames

    def close(self):
        for descriptor in self.descriptors:
            os.close(descriptor)
        self.descriptors = []
        self.ended = True
        self.sock.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class OutgoingStream:
    """What we send on one stream: never more than was granted."""

    def __init__(self, connection, number, credit):
        self.connection, self.number = connection, number
        self.credit, self.total = credit, 0
        self.ended = self.closed_by_peer = False

    def send_some(self, data):
        """Sends as much of `data` as fits; returns how much."""
        count = min(len(data), self.credit, MAX_DATA)
        if count and not self.ended:
            self.connection.send(data_frame(self.number, bytes(data[:count])))
            self.credit -= count
            self.total += count
        return count

    def end(self):
        if not self.ended:
            self.ended = True
            self.connection.send(data_frame(self.number, b""))

    def granted(self, payload):
        count = struct.unpack("<I", payload)[0]
        if count == 0:
            raise ProtocolError("credit of 0 bytes")
        self.credit += count
        if self.credit > MAX_OUTSTANDING:
            raise ProtocolError(f"{self.credit} bytes of credit outstanding on stream {self.number}")


class IncomingStream:
    """What we receive on one stream. Grants again what has been taken out with `take`."""

    def __init__(self, connection, number, credit):
        self.connection, self.number = connection, number
        self.window, self.total = credit, 0
        self.data = bytearray()
        self.ended = self.closed_by_us = False

    def received(self, payload):
        if self.ended:
            raise ProtocolError(f"data after the end of stream {self.number}")
        if len(payload) > self.window:
            raise ProtocolError(f"more data than granted on stream {self.number}")
        self.window -= len(payload)
        self.total += len(payload)
        self.ended = not payload
        if not self.closed_by_us:
            self.data += payload

    def grant(self, count):
        self.window += count
        self.connection.send(credit_frame(self.number, count))

    def take(self, limit=None):
        data = bytes(self.data[:limit])
        del self.data[:len(data)]
        if data and not self.ended and not self.closed_by_us:
            self.grant(len(data))
        return data

    def close(self):
        self.closed_by_us = True
        self.data.clear()
        self.connection.send_control("StreamClosed", stream=self.number)


def expect(message, *names):
    if message.name not in names:
        raise ProtocolError(f"expected {' or '.join(names)}, not {message}")
    return message


def make_greeting(**changes):
    fields = dict(magic=MAGIC, lowest_version=1, highest_version=1, capabilities=0, initial_credit=1 << 20,
                  nonce=os.urandom(32), software="python peer")
    fields.update(changes)
    return fields


def check_greeting(frame):
    greeting = frame.control()
    if greeting.name != "Greeting" or len(frame.payload) > MAX_GREETING:
        raise ProtocolError(f"the first frame must be a Greeting: {greeting.name}")
    if greeting.magic != MAGIC or len(greeting.nonce) != 32 or greeting.initial_credit > MAX_OUTSTANDING:
        raise ProtocolError(f"bad Greeting: {greeting}")
    if greeting.lowest_version > 1 or greeting.highest_version < 1:
        raise ProtocolError(f"no common version: {greeting}")
    return greeting

