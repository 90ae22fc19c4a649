# SPDX-License-Identifier: MIT
"""Tickets of the mzinit protocol, written from proto/PROTOCOL.md alone: made without a broker, and changed as an attacker
would. Shares no code with the programs it tests.

    key_id, key = issue(key_of_office, "office", uid=1000, gid=1000)
"""

import hashlib
import hmac
import os
import socket
import struct
import time
from typing import NamedTuple

import peer_messages as messages
from peer_messages import Field

# A worked example: example() is ("ticket:office:1000:100:1700000000:000102030405060708090a0b0c0d0e0f", EXAMPLE_KEY).
EXAMPLE_KEY = bytes.fromhex("3681a6d85250a38ef1bf4b5ebf70ddfe34f177784206daba9b907b3d1875c6f0")


BROKER_REPLY = {1: Field("refusal", messages.STRING), 2: Field("ticket_id", messages.STRING),
                3: Field("ticket_key", messages.BYTES), 4: Field("endpoints", messages.STRING, repeated=True)}


class Ticket(NamedTuple):
    """A key id and its key."""

    key_id: str
    key: bytes


def field(content):
    return struct.pack("<I", len(content)) + content


def derive(secret, key_id):
    return hmac.digest(secret, field(b"mzinit1 ticket") + field(key_id.encode()), hashlib.sha256)


def issue(secret, name, uid, gid, issued=None, nonce=None):
    """What a broker would give to that user; `issued` is seconds since 1970, the present if left out."""
    issued = int(time.time()) if issued is None else issued
    nonce = os.urandom(16) if nonce is None else nonce
    key_id = f"ticket:{name}:{uid}:{gid}:{issued}:{nonce.hex()}"
    return Ticket(key_id, derive(secret, key_id))


def example():
    return issue(bytes(range(32)), "office", 1000, 100, 1700000000, bytes(range(16)))


def bit_flips(content):
    """`content` with each of its bits changed, one at a time."""
    for at in range(len(content) * 8):
        changed = bytearray(content)
        changed[at // 8] ^= 1 << at % 8
        yield bytes(changed)


def connect_to_broker(path, timeout=10):
    sock = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    sock.settimeout(timeout)
    sock.connect(path)
    return sock


def ask_broker(path):
    """What the broker says to us, as a dict of fields."""
    with connect_to_broker(path) as sock:
        packet = sock.recv(1 << 20)
        if sock.recv(1):
            raise AssertionError("a second packet from the broker")
    return messages.decode_fields(BROKER_REPLY, packet)


def encode_reply(**fields):
    return messages.encode_fields(BROKER_REPLY, fields)
