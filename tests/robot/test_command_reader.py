"""A stop overtakes; everything else, and the end of the parent, keeps its turn."""

import os

from core.processes.channel import Channel, encode_line
from robot.command_reader import CommandReader
from robot.station_messages import Command, Commands, Rearm, Shutdown, Stop
from tests.waiting import wait_for


def test_a_stop_is_told_at_once_and_served_in_its_turn_before_the_parent_is_gone() -> None:
    read_fd, write_fd = os.pipe()
    channel = Channel(read_fd, os.open(os.devnull, os.O_WRONLY))
    urgent: list[Command] = []
    reader = CommandReader(channel, (Stop,), urgent.append)
    channel.listen(Commands)
    reader.start()
    for command in (Rearm(), Stop(), Shutdown()):
        os.write(write_fd, encode_line(command))
    os.close(write_fd)
    assert wait_for(lambda: urgent == [Stop()]), "nobody has taken anything yet"
    assert [reader.take(5.0) for _ in range(3)] == [Rearm(), Stop(), Shutdown()]
    assert not reader.parent_gone
    assert reader.take(5.0) is None
    assert reader.parent_gone
