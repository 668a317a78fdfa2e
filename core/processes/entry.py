"""``python -m core.processes.entry MODULE``: how every child process starts.

A child's first act is to keep descriptor 1 for its channel and to point descriptor 1 at 2, before any other import,
because libraries print. Then the module is imported and its ``main(channel)`` is called; what it returns is the
exit status.
"""

import os
import sys

_CHANNEL_FD = os.dup(1)
os.dup2(2, 1)


def _run(module_name: str) -> int:
    import importlib
    import logging

    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s")
    from core.processes.channel import Channel

    channel = Channel(read_fd=0, write_fd=_CHANNEL_FD)
    status = importlib.import_module(module_name).main(channel)
    channel.close()
    return int(status or 0)


if __name__ == "__main__":
    sys.exit(_run(sys.argv[1]))
