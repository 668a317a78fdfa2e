"""Poses of objects for live policies that are told them, in simulation. Privileged: gt-* only."""

from __future__ import annotations

from core.messages import Truth
from core.processes.shared_memory import Bus, MessagePublisher, MessageSubscriber

_TOPIC = "objects"


def object_publisher(bus: Bus) -> MessagePublisher:
    """Where a simulated station says where objects are, while a policy that is told drives."""
    return bus.message_publisher(_TOPIC)


def object_reader(bus: Bus) -> MessageSubscriber[Truth]:
    """Where such a policy hears of it."""
    return bus.message_subscriber(_TOPIC, Truth)
