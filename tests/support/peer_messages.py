# SPDX-License-Identifier: MIT
"""Messages of the mzinit protocol, written from proto/PROTOCOL.md section 3 alone: a Protobuf encoder and decoder with
the tables of that page. Shares no code with the programs it tests.

A message is a dict of field names; a control message is a `Control(name, fields)`. Enumerations are plain numbers.
"""

from typing import NamedTuple

UINT, BOOL, BYTES, STRING = "uint", "bool", "bytes", "string"
VARINT, FIXED64, LENGTH_DELIMITED, FIXED32 = 0, 1, 2, 5


class DecodeError(Exception):
    """Bytes that are not a message of this protocol."""


class Field(NamedTuple):
    name: str
    kind: object  # UINT, BOOL, BYTES, STRING, or the fields of a message
    repeated: bool = False
    oneof: bool = False  # A member of a oneof is written even if it is 0.


PATH_MAPPING = {1: Field("guest", STRING), 2: Field("host", STRING)}
RUNNER = {1: Field("kind", STRING), 2: Field("command", STRING)}
TRANSLATED_PATH = {1: Field("guest", BYTES), 2: Field("host", BYTES)}
ENVIRONMENT_VARIABLE = {1: Field("name", BYTES), 2: Field("value", BYTES), 3: Field("paths", TRANSLATED_PATH, repeated=True)}
MANIFEST_FILE = {1: Field("name", STRING), 2: Field("size", UINT), 3: Field("sha256", BYTES)}
TERMINAL = {1: Field("rows", UINT), 2: Field("columns", UINT), 3: Field("name", STRING)}

MESSAGES = {
    "Greeting": (1, {
        1: Field("magic", BYTES), 2: Field("lowest_version", UINT), 3: Field("highest_version", UINT),
        4: Field("capabilities", UINT), 5: Field("initial_credit", UINT), 6: Field("nonce", BYTES),
        7: Field("key_id", STRING), 8: Field("authentication", UINT), 9: Field("software", STRING)}),
    "Authenticate": (2, {1: Field("proof", BYTES)}),
    "Refused": (3, {1: Field("code", UINT), 2: Field("text", STRING)}),
    "Launch": (4, {
        1: Field("program", BYTES), 2: Field("host_program", STRING), 3: Field("host_name", STRING),
        4: Field("program_size", UINT), 5: Field("program_head_sha256", BYTES), 6: Field("argv", BYTES, repeated=True),
        7: Field("working_directory", BYTES), 8: Field("host_working_directory", STRING),
        9: Field("environment", ENVIRONMENT_VARIABLE, repeated=True), 10: Field("terminal_streams", UINT),
        11: Field("terminal", TERMINAL), 12: Field("descriptors", UINT, repeated=True),
        13: Field("raw_command_tail", STRING), 14: Field("has_raw_command_tail", BOOL), 15: Field("depth", UINT),
        16: Field("detach", BOOL), 17: Field("can_upload", BOOL), 18: Field("must_upload", BOOL)}),
    "LaunchReply": (5, {1: Field("process_id", UINT), 2: Field("image_kind", UINT), 3: Field("relayed_streams", UINT),
                          4: Field("terminal", UINT), 5: Field("detached", BOOL)}),
    "LaunchError": (6, {
        1: Field("code", UINT), 2: Field("host_code", UINT), 3: Field("text", STRING), 4: Field("started", BOOL)}),
    "InfoRequest": (7, {1: Field("names", BOOL), 2: Field("prefix", STRING)}),
    "Info": (8, {
        1: Field("software", STRING), 2: Field("system", STRING), 3: Field("paths", PATH_MAPPING, repeated=True),
        4: Field("search_path", STRING), 5: Field("runners", RUNNER, repeated=True), 6: Field("names", STRING, repeated=True)}),
    "Signal": (9, {1: Field("signal", UINT)}),
    "Resize": (10, {1: Field("rows", UINT), 2: Field("columns", UINT)}),
    "StdinConsumed": (11, {1: Field("total", UINT)}),
    "StreamClosed": (12, {1: Field("stream", UINT)}),
    "Progress": (13, {1: Field("text", STRING)}),
    "Ping": (14, {1: Field("token", UINT)}),
    "Pong": (15, {1: Field("token", UINT)}),
    "ExitStatus": (16, {
        1: Field("code", UINT, oneof=True), 2: Field("signal", UINT, oneof=True), 3: Field("stdin_consumed", UINT)}),
    "Report": (17, {
        1: Field("machine", STRING), 2: Field("command", BYTES), 3: Field("code", UINT, oneof=True),
        4: Field("signal", UINT, oneof=True)}),
    "ReportTaken": (18, {}),
    "Stopped": (19, {1: Field("signal", UINT)}),
    "ManifestRequest": (20, {}),
    "Manifest": (21, {1: Field("files", MANIFEST_FILE, repeated=True)}),
    "FilesWanted": (22, {1: Field("indices", UINT, repeated=True)}),
}
NAMES = {number: name for name, (number, _) in MESSAGES.items()}

SIGNALS = ("INT QUIT TERM HUP USR1 USR2 TSTP CONT KILL SEGV ILL ABRT BUS FPE TRAP PIPE ALRM SYS XCPU XFSZ").split()
SIGNAL_NUMBERS = {name: number for number, name in enumerate(SIGNALS, 1)}
PROGRAM, WORKING_DIRECTORY, STDIN, STDOUT, STDERR = 1, 2, 3, 4, 5
TERMINAL_POSIX, TERMINAL_WINDOWS = 1, 2
AUTHENTICATION_NONE, AUTHENTICATION_KEY = 1, 2
REFUSAL_CODES = {
    1: "not_authorized", 2: "authentication_failed", 3: "no_common_version", 4: "protocol_error",
    5: "too_many_sessions", 6: "shutting_down"}
LAUNCH_ERROR_EXITS = {1: 127, 2: 126, 3: 126, 4: 126, 5: 126, 6: 126, 7: 126, 8: 126, 9: 126, 10: 127, 11: 125, 12: 126}


class Control(NamedTuple):
    """A ControlMessage: the name of its body and the body's fields."""

    name: str
    fields: dict

    def __getattr__(self, field):
        if field.startswith("__"):
            raise AttributeError(field)
        by_name = {entry.name: entry for entry in MESSAGES[self.name][1].values()}
        if field not in by_name:
            raise AttributeError(f"{self.name} has no field {field}")
        return self.fields.get(field, default_of(by_name[field]))


def default_of(field):
    if field.repeated:
        return []
    if field.oneof:
        return None
    return {UINT: 0, BOOL: False, BYTES: b"", STRING: ""}.get(field.kind) if isinstance(field.kind, str) else {}


def encode_varint(value):
    if not 0 <= value < 1 << 64:
        raise ValueError(f"{value} does not fit a varint")
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def encode_value(number, kind, value):
    if kind in (UINT, BOOL):
        return encode_varint(number << 3 | VARINT) + encode_varint(int(value))
    if kind == STRING:
        value = value.encode()
    elif kind != BYTES:
        value = encode_fields(kind, value)
    return encode_varint(number << 3 | LENGTH_DELIMITED) + encode_varint(len(value)) + bytes(value)


def encode_fields(schema, fields):
    """The canonical encoding: fields in order of their numbers, default values left out, numbers packed."""
    unknown = set(fields) - {field.name for field in schema.values()}
    if unknown:
        raise ValueError(f"no such fields: {unknown}")
    out = bytearray()
    for number, field in sorted(schema.items()):
        value = fields.get(field.name)
        if value is None:
            continue
        if field.repeated and field.kind == UINT:
            if value:
                packed = b"".join(map(encode_varint, value))
                out += encode_varint(number << 3 | LENGTH_DELIMITED) + encode_varint(len(packed)) + packed
        elif field.repeated:
            for item in value:
                out += encode_value(number, field.kind, item)
        elif value or field.oneof or not isinstance(field.kind, str):
            out += encode_value(number, field.kind, value)
    return bytes(out)


def encode_control(name, **fields):
    """The payload of a CONTROL frame."""
    number, schema = MESSAGES[name]
    return encode_value(number, schema, fields)


class Reader:
    def __init__(self, data):
        self.data, self.at = data, 0

    def __bool__(self):
        return self.at < len(self.data)

    def take(self, count):
        if count > len(self.data) - self.at:
            raise DecodeError("message ends inside a field")
        self.at += count
        return self.data[self.at - count:self.at]

    def varint(self):
        value = 0
        for shift in range(0, 70, 7):
            byte = self.take(1)[0]
            value |= (byte & 0x7F) << shift
            if byte < 0x80:
                return value & (1 << 64) - 1
        raise DecodeError("varint of more than 10 bytes")

    def field(self):
        """(number, wire type, value); value is an int or bytes."""
        tag = self.varint()
        number, wire_type = tag >> 3, tag & 7
        if number == 0:
            raise DecodeError("field number 0")
        if wire_type == VARINT:
            return number, wire_type, self.varint()
        if wire_type == LENGTH_DELIMITED:
            return number, wire_type, self.take(self.varint())
        if wire_type in (FIXED64, FIXED32):
            return number, wire_type, self.take(8 if wire_type == FIXED64 else 4)
        raise DecodeError(f"wire type {wire_type}")


def decode_value(field, wire_type, value):
    if field.kind in (UINT, BOOL):
        if wire_type != VARINT:
            raise DecodeError(f"{field.name} is not a number")
        return bool(value) if field.kind == BOOL else value
    if wire_type != LENGTH_DELIMITED:
        raise DecodeError(f"{field.name} has no length")
    if field.kind == BYTES:
        return bytes(value)
    if field.kind == STRING:
        try:
            return bytes(value).decode()
        except UnicodeDecodeError as error:
            raise DecodeError(f"{field.name} is not UTF-8") from error
    return decode_fields(field.kind, value)


def decode_fields(schema, data):
    fields, reader = {}, Reader(data)
    while reader:
        number, wire_type, value = reader.field()
        field = schema.get(number)
        if field is None:
            continue
        if not field.repeated:
            fields[field.name] = decode_value(field, wire_type, value)
        elif field.kind == UINT and wire_type == LENGTH_DELIMITED:
            packed = Reader(value)
            while packed:
                fields.setdefault(field.name, []).append(packed.varint())
        else:
            fields.setdefault(field.name, []).append(decode_value(field, wire_type, value))
        if field.oneof:
            for other in schema.values():
                if other.oneof and other.name != field.name:
                    fields.pop(other.name, None)
    return fields


def decode_control(payload):
    """A Control from the payload of a CONTROL frame. Stricter than it has to be: a second body is an error, because
    none of our encoders has a reason to write one."""
    body, reader = None, Reader(payload)
    while reader:
        number, wire_type, value = reader.field()
        if number not in NAMES:
            continue
        if wire_type != LENGTH_DELIMITED or body is not None:
            raise DecodeError("a control message has one body, and that is a message")
        name = NAMES[number]
        body = Control(name, decode_fields(MESSAGES[name][1], value))
    if body is None:
        raise DecodeError("a control message without a known body")
    return body
