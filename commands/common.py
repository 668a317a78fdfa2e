"""What all commands share: their common options, their output, their progress and how they end."""

from __future__ import annotations

import logging
import os
import signal
import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Annotated, Any

import msgspec
import typer

from core.errors import InputError, ReticleError
from core.platform import default_library

log = logging.getLogger(__name__)

DONE, FAILED, BAD_INPUT, INTERRUPTED = 0, 1, 2, 130
PROGRAM = "reticle"

LibraryOption = Annotated[
    Path | None,
    typer.Option("--library", metavar="DIR", help="The library folder; default: this user's own.", show_default=False),
]
RigOption = Annotated[
    Path | None,
    typer.Option("--rig", metavar="FILE", help="The rig file; default: the simulated rig.", show_default=False),
]
SeedOption = Annotated[int, typer.Option("--seed", metavar="N", help="Where random numbers start.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON object on standard output.")]
QuietOption = Annotated[bool, typer.Option("--quiet", help="Print nothing but errors and JSON.")]


def library_root(library: Path | None) -> Path:
    """The folder that ``--library`` names, or this user's own."""
    return default_library() if library is None else library


def emit(result: Any) -> None:
    """Print one JSON object, the only thing on standard output. Messages of core become plain objects."""
    sys.stdout.buffer.write(msgspec.json.encode(result) + b"\n")
    sys.stdout.buffer.flush()


def camera_roles(text: str) -> tuple[str, ...] | None:
    """Roles by comma, or ``none``; None when nothing is asked for."""
    if not text:
        return None
    return () if text == "none" else names_in(text)


def names_in(text: str) -> tuple[str, ...]:
    """Words by comma."""
    return tuple(name.strip() for name in text.split(",") if name.strip())


def require(condition: bool, sentence: str) -> None:
    """InputError with that sentence unless the condition holds."""
    if not condition:
        raise InputError(sentence)


def tell(name: str, row: Any, line: Callable[[Any], str], as_json: bool, quiet: bool) -> None:
    """What came of a change to one thing: JSON under its name, or its line."""
    if as_json:
        emit({name: row})
    elif not quiet:
        print(line(row))


class Progress:
    """How far a job is, on standard error: a bar on a terminal, plain lines elsewhere, nothing when quiet."""

    def __init__(self, title: str, total: int, *, quiet: bool = False) -> None:
        self._title = title
        self._total = total
        self._quiet = quiet
        self._done = 0
        self._stack = ExitStack()
        self._bar: Any = None

    def __enter__(self) -> Progress:
        if not self._quiet and sys.stderr.isatty():
            bar = typer.progressbar(length=self._total, label=self._title, file=sys.stderr, show_pos=True)
            self._bar = self._stack.enter_context(bar)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stack.close()

    def advance(self, count: int = 1) -> None:
        """Some more is done."""
        before, self._done = self._done, self._done + count
        if self._bar is not None:
            self._bar.update(count)
        elif not self._quiet and self._is_worth_a_line(before):
            typer.echo(f"{self._title}: {self._done} of {self._total}", err=True)

    def _is_worth_a_line(self, before: int) -> bool:
        """At most about a hundred lines, and the last one always."""
        every = max(1, self._total // 100)
        return before // every != self._done // every or self._done == self._total


def run_app(app: typer.Typer, arguments: Sequence[str] | None = None) -> int:
    """Run a command line and return its exit status; every failure costs one sentence on standard error."""
    logging.basicConfig(level=logging.WARNING, format=f"{PROGRAM}: %(message)s")
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # asked to end: the same as Ctrl-C
    try:
        command = typer.main.get_command(app)
        _accept_common_options(command)
        status = command.main(
            args=None if arguments is None else list(arguments), prog_name=PROGRAM, standalone_mode=False
        )
    except InputError as error:
        return _say(str(error), BAD_INPUT)
    except ReticleError as error:
        return _say(str(error), FAILED)
    except typer.TyperException as error:
        return _say(error.format_message(), error.exit_code)
    except (KeyboardInterrupt, typer.Abort):
        status = INTERRUPTED
    except BrokenPipeError:
        return _output_closed()
    except OSError as error:
        return _say(f"{error.filename or 'The system'}: {error.strerror or error}.", FAILED)
    except Exception as error:
        log.debug("An error that nobody expected", exc_info=True)
        return _say(f"This should not have happened ({type(error).__name__}: {error}); please report it.", FAILED)
    if status == INTERRUPTED:
        return _say("Interrupted; what was finished is kept.", INTERRUPTED)
    return status if isinstance(status, int) else DONE


def _accept_common_options(command: Any) -> None:
    """The options that hold everywhere are accepted by every command, also where they change nothing."""
    for child in getattr(command, "commands", {}).values():
        _accept_common_options(child)
    if hasattr(command, "commands"):
        return
    known = {name for parameter in command.params for name in parameter.opts}
    for option in _common_options():
        if known.isdisjoint(option.opts):
            option.expose_value, option.hidden = False, True
            command.params.append(option)


def _common_options() -> list[Any]:
    """Fresh option objects for what every command accepts."""
    every = typer.Typer(add_completion=False)

    @every.command()
    def _every(
        library: LibraryOption = None,
        rig: RigOption = None,
        seed: SeedOption = 0,
        as_json: JsonOption = False,
        quiet: QuietOption = False,
    ) -> None: ...

    return [option for option in typer.main.get_command(every).params if "--help" not in option.opts]


def _say(sentence: str, status: int) -> int:
    """One line, whatever the error's text was made of."""
    typer.echo(f"{PROGRAM}: {' '.join(sentence.split())}", err=True)
    return status


def _output_closed() -> int:
    """Whoever read our output has gone (``| head``): that is no error of ours, and Python must not report one."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    return DONE
