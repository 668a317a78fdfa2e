"""What depends on the operating system."""

import os
import sys
import threading

import pytest

from core.platform import give_way


def niceness_after_giving_way() -> int:
    """Of a thread of its own."""
    found: list[int] = []
    thread = threading.Thread(target=lambda: (give_way(), found.append(os.nice(0))))
    thread.start()
    thread.join()
    return found[0]


@pytest.mark.skipif(sys.platform != "linux", reason="niceness is a thread's own on Linux alone")
def test_a_thread_gives_way_by_itself_and_only_where_niceness_is_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    before = os.nice(0)
    assert niceness_after_giving_way() > before
    assert os.nice(0) == before
    monkeypatch.setattr(sys, "platform", "darwin")
    assert niceness_after_giving_way() == before
