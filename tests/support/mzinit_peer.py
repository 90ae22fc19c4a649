# SPDX-License-Identifier: MIT
"""An independent implementation of both ends of the mzinit protocol, written from proto/PROTOCOL.md alone, for driving
our agent and for playing the agent against our client. Standard library only.

    client = Client("unix:/run/agent")
    client.begin()
    client.launch(b"/srv/cat.exe", size=..., digest=...)
    result = client.communicate(b"input")         # Result(stdout, stderr, code, signal, stdin_consumed)

    with Agent("tcp:127.0.0.1:0", run_program(lambda program: 42), key=key) as agent:
        ... MZINIT_HOST=agent.endpoint mzinit run ...
"""

import os
import socket
import threading
import traceback
from typing import NamedTuple, Optional

import hashlib
import hmac
import peer_connection as wire
import peer_messages as messages
from peer_connection import ConnectionEnded, ProtocolError


class Result(NamedTuple):
    stdout: bytes
    stderr: bytes
    code: Optional[int]
    signal: Optional[int]
    stdin_consumed: int


class Refusal(Exception):
    """The agent answered Refused."""

    def __init__(self, message):
        super().__init__(f"{messages.REFUSAL_CODES.get(message.code)}: {message.text}")
        self.code = message.code


class Client:
    """The guest's end. Every rule that binds the agent is checked; ProtocolError says which one it broke."""

    def __init__(self, endpoint, key=None, key_id="default", cut_after=None, **greeting):
        self.transport = endpoint.partition(":")[0]
        self.key, self.key_id = key, key_id
        self.connection = wire.Connection(wire.open_socket(endpoint), cut_after)
        greeting.setdefault("capabilities", wire.RAW_TAIL | wire.HOST_NAMES | wire.REPORTS
                            | (wire.PASS_DESCRIPTORS if self.transport == "unix" else 0))
        self.greeting_fields = wire.make_greeting(key_id=key_id, **greeting)
        self.greeting = messages.encode_control("Greeting", **self.greeting_fields)
        self.agent_greeting = None
        self.agent_greeting_payload = b""
        self.progress = []
        self.pongs = []
        self.consumed = 0
        self.stops = []
        self.terminal_wanted = 0
        self.detach_wanted = self.is_detached = False
        self.has_terminal = False
        self.exit = None

    # The beginning, one step at a time.

    def send_greeting(self):
        self.connection.send(wire.encode_frame(wire.CONTROL, 0, self.greeting))

    def read_greeting(self):
        frame = self.connection.next_frame()
        self.raise_if_refused(frame)
        self.agent_greeting_payload = frame.payload
        self.agent_greeting = wire.check_greeting(frame)
        if self.agent_greeting.authentication not in (messages.AUTHENTICATION_NONE, messages.AUTHENTICATION_KEY):
            raise ProtocolError("the agent does not say how to authenticate")
        if self.agent_greeting.capabilities & wire.PASS_DESCRIPTORS and self.transport != "unix":
            raise ProtocolError("descriptor passing offered on a transport that cannot do it")
        return self.agent_greeting

    def proof(self, side="client"):
        return wire.proof(side, self.key, self.key_id, self.greeting, self.agent_greeting_payload)

    def send_proof(self, proof=None):
        self.connection.send_control("Authenticate", proof=self.proof() if proof is None else proof)

    def read_proof(self):
        message = self.next_control()
        wire.expect(message, "Authenticate")
        if not hmac.compare_digest(message.proof, self.proof("agent")):
            raise ProtocolError("the agent does not have the key")

    def begin(self):
        self.send_greeting()
        self.read_greeting()
        if self.agent_greeting.authentication == messages.AUTHENTICATION_KEY:
            if self.key is None:
                raise ProtocolError("the agent wants a key")
            self.send_proof()
            self.read_proof()
        elif self.transport == "tcp":
            raise ProtocolError("an agent on tcp that wants no key")
        return self

    # Launch.

    def launch_fields(self, program, argv=None, passed=(), **more):
        """`program` is a path that we can read; `passed` maps descriptor kinds to descriptors."""
        size, head = 0, b""
        if os.path.isfile(program):
            with open(program, "rb") as file:
                head = file.read(4096)
                size = os.fstat(file.fileno()).st_size
        fields = dict(program=os.fsencode(program), program_size=size, program_head_sha256=hashlib.sha256(head).digest(),
                      argv=[os.fsencode(program)] if argv is None else argv,
                      working_directory=os.fsencode(os.getcwd()), descriptors=list(passed))
        fields.update(more)
        return fields

    def send_launch(self, program, argv=None, passed=None, **more):
        passed = passed or {}
        self.terminal_wanted = more.get("terminal_streams", 0)
        self.detach_wanted = more.get("detach", False)
        self.connection.send_control("Launch", list(passed.values()), **self.launch_fields(program, argv, passed, **more))

    def read_launch_answer(self):
        """LaunchReply or LaunchError; Progress on the way is kept in `progress`."""
        while True:
            message = self.next_control()
            wire.expect(message, "Progress", "LaunchReply", "LaunchError", "Ping")
            if message.name == "Progress":
                self.progress.append(message.text)
            elif message.name == "Ping":
                self.connection.send_control("Pong", token=message.token)
            else:
                break
        if message.name == "LaunchReply":
            self.process_id = message.process_id
            relayed = message.relayed_streams
            credit = self.greeting_fields["initial_credit"]
            self.stdin = wire.OutgoingStream(self.connection, 0, self.agent_greeting.initial_credit)
            self.output = {number: wire.IncomingStream(self.connection, number, credit) for number in (1, 2)}
            self.relayed = {number for number in range(3) if relayed >> number & 1}
            if relayed >> 3:
                raise ProtocolError(f"relayed_streams {relayed:#x}")
            self.has_terminal = message.terminal != 0
            if self.has_terminal:
                self.check_terminal(message)
            self.is_detached = message.detached
            if self.is_detached and (not self.detach_wanted or self.relayed or self.has_terminal):
                raise ProtocolError(f"a detached program, and {message}")
        return message

    def check_terminal(self, reply):
        if reply.terminal not in (messages.TERMINAL_POSIX, messages.TERMINAL_WINDOWS):
            raise ProtocolError(f"terminal {reply.terminal}")
        if not self.terminal_wanted:
            raise ProtocolError("a terminal that nobody asked for")
        if not {0, 1} <= self.relayed or self.terminal_wanted >> 2 and 2 in self.relayed:
            raise ProtocolError(f"a terminal, and relayed_streams {reply.relayed_streams:#x}")

    def launch(self, program, argv=None, passed=None, **more):
        self.send_launch(program, argv, passed, **more)
        return self.read_launch_answer()

    def info(self, **question):
        self.connection.send_control("InfoRequest", **question)
        return wire.expect(self.next_control(), "Info")

    def send_report(self, command, machine="peer", **how):
        """`how` is code=N or signal=N (the protocol's number)."""
        self.connection.send_control("Report", machine=machine, command=command, **how)

    def report(self, command, machine="peer", **how):
        """Reports, and checks that the agent takes it and ends the connection as section 7 says."""
        if not self.agent_greeting.capabilities & wire.REPORTS:
            raise ProtocolError("the agent does not take reports")
        self.send_report(command, machine, **how)
        wire.expect(self.next_control(), "ReportTaken")
        if rest := self.connection.wait_for_end():
            raise ProtocolError(f"{rest[0]} after ReportTaken")

    # While the program runs.

    def next_control(self):
        frame = self.connection.next_frame()
        self.raise_if_refused(frame)
        return frame.control()

    @staticmethod
    def raise_if_refused(frame):
        if frame.type == wire.CONTROL:
            message = frame.control()
            if message.name == "Refused":
                raise Refusal(message)

    def handle(self, frame):
        """What one frame means after LaunchReply; returns its control message, if it is one."""
        if frame.type == wire.CREDIT:
            if frame.stream != 0 or 0 not in self.relayed:
                raise ProtocolError(f"credit for stream {frame.stream}")
            self.stdin.granted(frame.payload)
            return None
        if frame.type == wire.DATA:
            if frame.stream not in self.output or frame.stream not in self.relayed:
                raise ProtocolError(f"data on stream {frame.stream}")
            self.output[frame.stream].received(frame.payload)
            return None
        message = wire.expect(frame.control(), "StdinConsumed", "StreamClosed", "Stopped", "Ping", "Pong", "ExitStatus")
        if message.name == "StdinConsumed":
            self.check_consumed(message.total)
        elif message.name == "StreamClosed":
            if message.stream != 0 or 0 not in self.relayed or self.stdin.closed_by_peer:
                raise ProtocolError(f"StreamClosed for stream {message.stream}")
            self.stdin.closed_by_peer = True
            self.stdin.end()
        elif message.name == "Stopped":
            if not self.has_terminal or not message.signal:
                raise ProtocolError(f"{message} with{'' if self.has_terminal else 'out'} a terminal")
            self.stops.append(message.signal)
        elif message.name == "Ping":
            self.connection.send_control("Pong", token=message.token)
        elif message.name == "Pong":
            self.pongs.append(message.token)
        else:
            self.check_consumed(message.stdin_consumed)
            if self.is_detached and message.code != 0:
                raise ProtocolError(f"{message} of a detached program")
            if (message.code is None) == (message.signal is None):
                raise ProtocolError("ExitStatus without a status")
            for stream in self.relayed - {0}:
                if not self.output[stream].ended:
                    raise ProtocolError(f"ExitStatus before the end of stream {stream}")
            self.exit = message
        return message

    def check_consumed(self, total):
        if not self.consumed <= total <= (self.stdin.total if 0 in self.relayed else 0):
            raise ProtocolError(f"{total} bytes consumed, after {self.consumed}, of {self.stdin.total} sent")
        self.consumed = total

    def wait_until(self, condition, timeout=wire.HANG_GUARD):
        """Handles frames until `condition()` holds; False if the connection or the program ended first."""
        while not condition():
            if self.exit:
                return False
            try:
                self.handle(self.connection.next_frame(timeout))
            except ConnectionEnded:
                return False
        return True

    def communicate(self, data=b"", end_stdin=True):
        """Sends `data`, takes all output, answers Ping, and returns the Result when the agent has closed."""
        output, at = {1: bytearray(), 2: bytearray()}, 0
        while not self.exit:
            if 0 in self.relayed and not self.stdin.ended:
                at += self.stdin.send_some(data[at:at + wire.MAX_DATA])
                if at == len(data) and end_stdin:
                    self.stdin.end()
                elif at < len(data) and self.stdin.credit and not self.connection.outgoing:
                    continue
            if not self.connection.frames:
                self.connection.step(wire.HANG_GUARD)
            if self.connection.ended and not self.connection.frames:
                raise ConnectionEnded()
            while self.connection.frames and not self.exit:
                self.handle(self.connection.frames.popleft())
            for stream in (1, 2):
                output[stream] += self.output[stream].take()
        rest = self.connection.wait_for_end()
        if rest:
            raise ProtocolError(f"{rest[0]} after ExitStatus")
        if self.connection.reset:
            raise ProtocolError("the connection was reset after ExitStatus")
        self.connection.close()
        return Result(bytes(output[1]), bytes(output[2]), self.exit.code, self.exit.signal, self.exit.stdin_consumed)

    def close(self):
        self.connection.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Program:
    """What a behaviour of `run_program` sees: a Windows program's streams, and the Launch that started it."""

    def __init__(self, session, launch, relayed):
        self.session, self.launch, self.relayed = session, launch, relayed
        self.argv = launch.argv
        self.signals = []
        self.sizes = []
        self.consumed = 0
        self.closed = set()

    def read(self, limit=wire.MAX_DATA):
        """At most `limit` bytes of standard input, b"" at its end."""
        if 0 not in self.relayed:
            return os.read(self.session.passed[messages.STDIN], limit)
        stream = self.session.stdin
        self.session.wait_until(lambda: stream.data or stream.ended)
        data = stream.take(limit)
        if data:
            self.consumed += len(data)
            self.session.connection.send_control("StdinConsumed", total=self.consumed)
        return data

    def read_all(self):
        return b"".join(iter(self.read, b""))

    def write(self, data, stream=1):
        """Writes all of `data`; False once nobody reads the stream."""
        if stream not in self.relayed:
            os.write(self.session.passed[messages.STDIN + stream], data)
            return True
        out, at = self.session.output[stream], 0
        while at < len(data):
            if out.closed_by_peer:
                return False
            sent = out.send_some(data[at:])
            at += sent
            if not sent:
                self.session.wait_until(lambda: out.credit or out.closed_by_peer)
        self.session.connection.flush()
        return True

    def wait_until(self, condition):
        self.session.wait_until(lambda: condition(self))

    def stop(self, signal="TSTP"):
        """Says that the program was stopped, and waits until it is continued."""
        before = self.signals.count("CONT")
        self.session.connection.send_control("Stopped", signal=messages.SIGNAL_NUMBERS[signal])
        self.wait_until(lambda _: self.signals.count("CONT") > before)


class Session:
    """The agent's end of one connection. Every rule that binds the client is checked."""

    def __init__(self, agent, connection):
        self.agent, self.connection = agent, connection
        self.passed = {}
        self.program = None
        self.client_greeting = None
        capabilities = wire.REPORTS | (wire.PASS_DESCRIPTORS if agent.transport == "unix" else 0)
        changes = dict(capabilities=capabilities, authentication=messages.AUTHENTICATION_KEY if agent.key
                       else messages.AUTHENTICATION_NONE)
        changes.update(agent.greeting)
        self.greeting_fields = wire.make_greeting(**changes)
        self.greeting = messages.encode_control("Greeting", **self.greeting_fields)

    def begin(self):
        self.connection.send(wire.encode_frame(wire.CONTROL, 0, self.greeting))
        frame = self.connection.next_frame()
        self.client_greeting = wire.check_greeting(frame)
        if self.agent.key:
            self.authenticate(frame.payload)

    def authenticate(self, client_greeting):
        arguments = (self.agent.key, self.client_greeting.key_id, client_greeting, self.greeting)
        message = wire.expect(self.connection.next_control(), "Authenticate")
        if not hmac.compare_digest(message.proof, wire.proof("client", *arguments)):
            self.refuse(2, "wrong key")
            raise ProtocolError("the client does not have the key")
        self.connection.send_control("Authenticate", proof=wire.proof("agent", *arguments))

    def refuse(self, code, text="refused by the test"):
        self.connection.send_control("Refused", code=code, text=text)
        self.linger()

    def read_launch(self):
        """The Launch, its descriptors in `passed`; None if the client asked for Info and got it."""
        message = wire.expect(self.connection.next_control(), "Launch", "InfoRequest")
        if message.name == "InfoRequest":
            self.connection.send_control("Info", software="python peer", system="linux", **self.agent.info)
            return None
        kinds = message.descriptors
        if len(kinds) != len(set(kinds)) or len(kinds) > 5 or len(kinds) != len(self.connection.descriptors):
            raise ProtocolError(f"{len(self.connection.descriptors)} descriptors for {kinds}")
        self.passed = dict(zip(kinds, self.connection.descriptors))
        if any(os.isatty(descriptor) for descriptor in self.passed.values()):
            raise ProtocolError("a terminal was passed")
        self.check_capabilities(message)
        return message

    def check_capabilities(self, launch):
        agreed = self.greeting_fields["capabilities"] & self.client_greeting.capabilities
        if launch.has_raw_command_tail and not agreed & wire.RAW_TAIL:
            raise ProtocolError("a raw command tail without the capability")
        if launch.must_upload and not (launch.can_upload and agreed & wire.UPLOADS and agreed & wire.REQUESTED_UPLOADS):
            raise ProtocolError("an upload is insisted on without the capability")
        for variable in launch.environment:
            if "paths" in variable and ("value" in variable or not agreed & wire.PATH_LISTS):
                raise ProtocolError(f"a list of paths with a value, or without the capability: {variable}")

    def read_report(self):
        """The Report, as section 5 wants it."""
        report = wire.expect(self.connection.next_control(), "Report")
        if not self.greeting_fields["capabilities"] & self.client_greeting.capabilities & wire.REPORTS:
            raise ProtocolError("a report without the capability")
        if len(report.machine.encode()) > wire.MAX_MACHINE_NAME or len(report.command) > wire.MAX_REPORTED_COMMAND:
            raise ProtocolError("a report over the limits")
        if (report.code is None) == (report.signal is None):
            raise ProtocolError("a report without a status")
        if report.signal is not None and not 1 <= report.signal <= len(messages.SIGNALS):
            raise ProtocolError(f"a report of signal {report.signal}")
        if self.connection.descriptors:
            raise ProtocolError("descriptors with a report")
        return report

    def start(self, launch, terminal=0):
        """Answers LaunchReply, with a terminal of that kind if one was asked for; returns the Program."""
        if launch.detach:
            return self.start_detached(launch)
        if launch.terminal_streams not in (0, 3, 7):
            raise ProtocolError(f"terminal_streams {launch.terminal_streams}")
        if not launch.terminal_streams:
            terminal = 0
        relayed = {number for number in range(3) if messages.STDIN + number not in self.passed}
        if launch.terminal_streams and not {0, 1} <= relayed:
            raise ProtocolError("a stream of a terminal session was passed")
        if terminal and launch.terminal_streams == 7:
            relayed.discard(2)
        credit = self.client_greeting.initial_credit
        self.stdin = wire.IncomingStream(self.connection, 0, self.greeting_fields["initial_credit"])
        self.output = {number: wire.OutgoingStream(self.connection, number, credit) for number in (1, 2)}
        self.program = Program(self, launch, relayed)
        self.connection.send_control("LaunchReply", process_id=os.getpid(), image_kind=2,
                                     relayed_streams=sum(1 << number for number in relayed), terminal=terminal)
        return self.program

    def start_detached(self, launch):
        if launch.terminal_streams or {messages.STDIN, messages.STDOUT, messages.STDERR} & set(self.passed):
            raise ProtocolError(f"streams for a detached program: {launch}")
        self.output = {}
        self.program = Program(self, launch, set())
        self.connection.send_control("LaunchReply", process_id=self.agent.detached_id, image_kind=2, detached=True)
        return self.program

    def handle(self, frame):
        if frame.type == wire.CREDIT:
            if frame.stream not in self.output or frame.stream not in self.program.relayed:
                raise ProtocolError(f"credit for stream {frame.stream}")
            self.output[frame.stream].granted(frame.payload)
            return
        if frame.type == wire.DATA:
            if frame.stream != 0 or 0 not in self.program.relayed:
                raise ProtocolError(f"data on stream {frame.stream}")
            self.stdin.received(frame.payload)
            return
        message = wire.expect(frame.control(), "Signal", "Resize", "StreamClosed", "Ping", "Pong")
        if message.name == "Signal":
            if not 1 <= message.signal <= 8:
                raise ProtocolError(f"signal {message.signal} from a client")
            self.program.signals.append(messages.SIGNALS[message.signal - 1])
        elif message.name == "Resize":
            self.program.sizes.append((message.rows, message.columns))
        elif message.name == "StreamClosed":
            if message.stream not in self.output or message.stream not in self.program.relayed:
                raise ProtocolError(f"StreamClosed for stream {message.stream}")
            self.output[message.stream].closed_by_peer = True
        elif message.name == "Ping":
            self.connection.send_control("Pong", token=message.token)

    def wait_until(self, condition):
        while not condition():
            self.handle(self.connection.next_frame())

    def finish(self, **status):
        """Ends the streams and sends ExitStatus(code=... or signal=...), then lingers as section 7 says."""
        for number in self.program.relayed - {0}:
            self.output[number].end()
        self.connection.send_control("ExitStatus", stdin_consumed=self.program.consumed, **status)
        self.linger()

    def linger(self):
        self.connection.flush()
        try:
            self.connection.sock.shutdown(socket.SHUT_WR)
            self.connection.wait_until(lambda: False, timeout=2)
        except (OSError, TimeoutError, ProtocolError):
            pass


def run_program(callback, terminal=0):
    """A behaviour: begin, accept any Launch, and let `callback(program)` play the program; it returns the exit code, or
    the name of a signal. `terminal` is the TerminalKind that clients get who ask."""

    def behave(session):
        session.begin()
        launch = session.read_launch()
        if launch is None:
            session.linger()
            return
        result = callback(session.start(launch, terminal))
        session.finish(**({"signal": messages.SIGNAL_NUMBERS[result]} if isinstance(result, str) else {"code": result}))

    return behave


def launch_error(code, started=False, text="refused by the test", host_code=0):
    """A behaviour: answer Launch with LaunchError."""

    def behave(session):
        session.begin()
        session.read_launch()
        session.connection.send_control("LaunchError", code=code, started=started, text=text, host_code=host_code)
        session.linger()

    return behave


def take_reports(reports):
    """A behaviour: take a Report, append it to `reports`, and say so."""

    def behave(session):
        session.begin()
        reports.append(session.read_report())
        session.connection.send_control("ReportTaken")
        session.linger()

    return behave


def refused(code):
    """A behaviour: answer the client's Greeting with Refused."""

    def behave(session):
        session.begin()
        session.refuse(code)

    return behave


def never_speak(session):
    """A behaviour: accept, read, and say nothing until the client gives up."""
    session.connection.wait_until(lambda: False, timeout=4 * wire.HANG_GUARD)


def garbage(data):
    """A behaviour: send these bytes whatever the client says."""

    def behave(session):
        session.connection.send(data)
        session.linger()

    return behave


class Agent:
    """Listens in a thread of its own and plays `behaviour(session)` for each connection, each in a thread.

    What the clients did wrong is kept in `errors`, what they launched in `launches`."""

    def __init__(self, endpoint, behaviour, key=None, cut_after=None, info=None, **greeting):
        self.transport = endpoint.partition(":")[0]
        self.behaviour, self.key, self.cut_after, self.greeting = behaviour, key, cut_after, greeting
        self.info = info or {}
        self.errors, self.launches = [], []
        self.detached_id = os.getpid()
        self.connections = 0
        self.threads = []
        self.listener = wire.open_socket(endpoint, listening=True)
        self.endpoint = endpoint
        if self.transport == "tcp":
            self.endpoint = "tcp:{}:{}".format(*self.listener.getsockname()[:2])
        self.stopping = False
        self.thread = threading.Thread(target=self.accept, daemon=True)
        self.thread.start()

    def accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            if self.stopping:
                sock.close()
                return
            self.connections += 1
            thread = threading.Thread(target=self.serve, args=(sock,), daemon=True)
            self.threads.append(thread)
            thread.start()

    def serve(self, sock):
        with wire.Connection(sock, self.cut_after) as connection:
            session = Session(self, connection)
            try:
                self.behaviour(session)
            except ConnectionEnded:
                pass
            except (ProtocolError, TimeoutError) as error:
                self.errors.append(f"{type(error).__name__}: {error}")
            except OSError as error:
                if self.cut_after is None:
                    self.errors.append(traceback.format_exc() + str(error))
            except Exception:  # pylint: disable=broad-except
                self.errors.append(traceback.format_exc())
            finally:
                if session.program:
                    self.launches.append(session.program.launch)

    def close(self):
        self.stopping = True
        try:
            self.listener.shutdown(socket.SHUT_RDWR)
        except OSError:
            pass
        self.thread.join(wire.HANG_GUARD)
        self.listener.close()
        for thread in self.threads:
            thread.join(wire.HANG_GUARD)
        if self.transport == "unix":
            path = self.endpoint.partition(":")[2]
            if os.path.exists(path):
                os.unlink(path)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
