"""Children, channels and shared memory, with real processes."""

import os
import signal
import subprocess
import sys
import threading
from pathlib import Path

import msgspec
import numpy as np
import pytest

from core.errors import ProcessError
from core.geometry import SE3
from core.messages import Frame, RobotState
from core.processes.channel import LineDecoder, encode_line
from core.processes.child import Child
from core.processes.shared_memory import Bus, Session
from tests.core import echo_child
from tests.waiting import wait_for


@pytest.fixture
def session():
    session = Session.create()
    yield session
    session.remove()
    assert not list(Path("/dev/shm").glob(f"{session.prefix}*"))


def frame(sequence: int, depth: bool = True) -> Frame:
    rng = np.random.default_rng(sequence)
    return Frame(
        "right",
        sequence,
        sequence * 10,
        sequence * 10 + 1,
        rng.integers(0, 255, (48, 64, 3), dtype=np.uint8),
        rng.integers(0, 9000, (48, 64), dtype=np.uint16) if depth else None,
        SE3.translation(1.0, 2.0, 3.0),
    )


def test_a_reader_gets_the_newest_value_once(session: Session) -> None:
    bus = Bus(session, "test")
    publisher = bus.message_publisher("state")
    subscriber = bus.message_subscriber("state", RobotState)
    assert subscriber.take() is None
    for sequence in range(5):
        state = RobotState(0, sequence, (0.0,) * 7, (0.0,) * 7, (0.0,) * 7, SE3.identity().as_tuple(), 0.1, 0.0)
        publisher.publish(state)
    newest = subscriber.take()
    assert newest is not None
    assert newest.sequence == 4
    assert subscriber.take() is None


def test_a_late_reader_gets_what_is_published_next(session: Session) -> None:
    bus = Bus(session, "test")
    publisher = bus.frame_publisher("camera", 64, 48)
    publisher.publish(frame(7))
    late = bus.frame_subscriber("camera")
    assert late.take() is None
    publisher.publish(frame(8))
    got = late.take()
    assert got is not None
    assert got.sequence == 8


@pytest.mark.parametrize("depth", [True, False])
def test_frames_cross_bit_exact(session: Session, depth: bool) -> None:
    bus = Bus(session, "test")
    publisher, subscriber = bus.frame_publisher("camera", 64, 48), bus.frame_subscriber("camera")
    sent = frame(3, depth)
    publisher.publish(sent)
    got = subscriber.take()
    assert got is not None
    np.testing.assert_array_equal(got.rgb, sent.rgb)
    assert (got.depth is None) == (sent.depth is None)
    if sent.depth is not None:
        np.testing.assert_array_equal(got.depth, sent.depth)
    assert got.X_WC.as_tuple() == sent.X_WC.as_tuple()
    assert (got.capture_ns, got.receive_ns) == (30, 31)


def test_a_value_larger_than_announced_is_refused(session: Session) -> None:
    publisher = Bus(session, "test").publisher("small", 8)
    with pytest.raises(ValueError, match="does not fit"):
        publisher.publish(b"123456789")


def test_a_killed_publisher_does_not_block_the_next(session: Session) -> None:
    subscriber = Bus(session, "test").subscriber("topic")
    script = (
        "import sys, time; from core.processes.shared_memory import *;"
        "p = Bus(Session.from_text(sys.argv[1]), 'child').publisher('topic', 64);\n"
        "while True: p.publish(sys.argv[2].encode()); time.sleep(0.01)"
    )
    for name in ("first", "second"):
        child = subprocess.Popen([sys.executable, "-c", script, session.as_text(), name])
        assert wait_for(lambda: subscriber.take() == name.encode())  # noqa: B023 - used at once
        child.kill()
        child.wait()


class _Ping(msgspec.Struct, frozen=True, tag="ping", tag_field="type"):
    text: str


def test_lines_that_are_not_understood_are_skipped(caplog: pytest.LogCaptureFixture) -> None:
    decoder = LineDecoder(_Ping)
    assert decoder.decode(encode_line(_Ping("hello")).strip()) == _Ping("hello")
    for line in (b"not json", b"{}", b'{"v":1,"m":{"type":"newer"}}', b'{"v":1,"m":{"type":"ping","text":3}}'):
        assert decoder.decode(line) is None
    assert "not understood" in caplog.text


class _Family:
    """Collects what a child says."""

    def __init__(self) -> None:
        self.events: list[object] = []
        self.exits: list[tuple[int, str]] = []
        self.exited = threading.Event()

    def on_exit(self, status: int, last_words: str) -> None:
        self.exits.append((status, last_words))
        self.exited.set()

    def start(self) -> Child:
        return Child("tests.core.echo_child", echo_child.Reply, self.events.append, self.on_exit)


def test_a_child_answers_and_its_prints_stay_out_of_the_channel() -> None:
    family = _Family()
    child = family.start()
    child.send(echo_child.Say("one"))
    child.send(echo_child.Say("two"))
    assert wait_for(lambda: len(family.events) == 2)
    assert family.events == [echo_child.Reply("one"), echo_child.Reply("two")]
    assert child.close() == 0
    assert family.exited.wait(5)
    assert "a library prints" in family.exits[0][1]


def test_a_killed_child_is_reported_and_refuses_commands() -> None:
    family = _Family()
    child = family.start()
    child.send(echo_child.Say("one"))
    assert wait_for(lambda: bool(family.events))
    os.kill(child.pid, signal.SIGKILL)
    assert family.exited.wait(5)
    assert family.exits[0][0] == -signal.SIGKILL
    with pytest.raises(ProcessError, match="restart it"):
        child.send(echo_child.Say("two"))
    child.close()


def test_a_child_ends_when_its_parent_dies(tmp_path: Path) -> None:
    """The parent is killed outright; the child notices and leaves a mark."""
    mark = tmp_path / "mark"
    script = (
        "import sys, time; from core.processes.child import Child; from tests.core import echo_child;"
        "c = Child('tests.core.echo_child', echo_child.Reply, lambda e: print('up', flush=True));"
        f"c.send(echo_child.Say({str(mark)!r})); time.sleep(60)"
    )
    parent = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE)
    assert parent.stdout is not None
    assert parent.stdout.readline() == b"up\n"
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_for(mark.exists)
