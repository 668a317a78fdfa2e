"""``main.py doctor``: what works here, what does not, and what to do about it."""

from __future__ import annotations

import msgspec
import typer

from commands.common import JsonOption, LibraryOption, QuietOption, RigOption, emit, library_root
from robot.checks import run_checks
from robot.rig import DEFAULT_RIG


def doctor(
    library: LibraryOption = None, rig: RigOption = None, as_json: JsonOption = False, quiet: QuietOption = False
) -> None:
    """Check the machine, the libraries of real devices, the rig file and every device in it."""
    checks = run_checks(library_root(library), rig or DEFAULT_RIG)
    ok = all(check.ok for check in checks)
    if as_json:
        emit({"ok": ok, "checks": [msgspec.to_builtins(check) for check in checks]})
    elif not quiet:
        for check in checks:
            print(f"{'ok  ' if check.ok else 'FAIL'}  {check.name:14} {check.message}")
            if not check.ok:
                print(f"{'':20}{check.remedy}")
    if not ok:
        failed = ", ".join(check.name for check in checks if not check.ok)
        typer.echo(f"reticle: not everything works here: {failed}.", err=True)
        raise typer.Exit(1)
