"""A child process for the tests: repeats what it is told; when its parent is gone it marks the last text as a path."""

import contextlib
from pathlib import Path

import msgspec

from core.processes.channel import Channel


class Say(msgspec.Struct, frozen=True, tag="say", tag_field="type"):
    text: str


class Reply(msgspec.Struct, frozen=True, tag="reply", tag_field="type"):
    text: str


def main(channel: Channel) -> int:
    channel.listen(Say)
    last = ""
    print("a library prints", flush=True)  # noqa: T201 - this is the test
    while not channel.closed.is_set():
        command = channel.wait(0.1)
        if command is not None:
            last = command.text
            channel.send(Reply(last))
    if last.startswith("/"):
        with contextlib.suppress(OSError):
            Path(last).touch()
    return 0
