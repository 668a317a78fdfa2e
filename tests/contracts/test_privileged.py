"""What only a simulator knows reaches nobody who may not have it: neither by its reader nor by its topic's name."""

import ast
from pathlib import Path

import pytest

from core.episodes import topics

ROOT = Path(__file__).parents[2]
ALLOWED = {
    "core/episodes/topics.py": "names the channel",
    "core/episodes/writer.py": "writes it",
    "core/episodes/truth.py": "reads it, for those who may",
    "core/episodes/recover.py": "keeps the start poses of a damaged file",
    "core/representations/object_state.py": "tells ground-truth policies, and them alone",
    "core/representations/live_object_state.py": "tells live ground-truth policies, and them alone",
    "robot/policies/observing.py": "hears it for them",
    "robot/simulation/ground_truth.py": "draws pairs of pixels for evaluation",
}
READERS = ("read_truth", "truth_from", "PrivilegedCamera", "TRUTH", "object_reader")
MODULES = ("core.episodes.truth", "robot.simulation.privileged")
TOPIC = topics.TRUTH


def openings(source: str) -> list[str]:
    """How a module opens the privileged channel, if it does."""
    return [found for node in ast.walk(ast.parse(source)) for found in _openings_of(node)]


def _openings_of(node: ast.AST) -> list[str]:
    if isinstance(node, ast.Constant):
        value = node.value.decode(errors="replace") if isinstance(node.value, bytes) else node.value
        return [f"the name {value!r}"] if isinstance(value, str) and value.strip("/ ") == TOPIC.strip("/") else []
    if isinstance(node, ast.Attribute | ast.Name):
        name = node.attr if isinstance(node, ast.Attribute) else node.id
        return [name] if name in READERS else []
    if isinstance(node, ast.FunctionDef):
        return [node.name] if node.name in READERS else []
    if isinstance(node, ast.ImportFrom):
        every = [node.module or "", *(f"{node.module}.{alias.name}" for alias in node.names)]
        names = [alias.name for alias in node.names if alias.name in READERS]
        names += ["*" for alias in node.names if alias.name == "*" and node.module == topics.__name__]
        return [*names, *(module for module in every if module in MODULES)]
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names if alias.name in MODULES]
    return []


def modules() -> list[Path]:
    folders = ("app", "commands", "core", "experiments", "robot", "benchmarks", "scripts")
    found = [ROOT / "main.py", *(path for folder in folders for path in (ROOT / folder).rglob("*.py"))]
    return [path for path in found if not path.name.endswith("_pb2.py")]


def test_only_those_who_may_open_the_privileged_channel() -> None:
    opened = {str(path.relative_to(ROOT)): openings(path.read_text()) for path in modules()}
    strangers = {path: ways for path, ways in opened.items() if ways and path not in ALLOWED}
    assert not strangers, f"these may not read the truth: {strangers}"
    assert all(opened[path] for path in ALLOWED), "the list names only who needs it"


@pytest.mark.parametrize(
    "source",
    [
        "from core.episodes.truth import read_truth",
        "from core.episodes.truth import read_truth as poses",
        "from core.episodes import truth\ntruth.read_truth('one.mcap')",
        "import core.episodes.truth as t",
        "from core.episodes.topics import TRUTH as T",
        "from core.episodes.topics import *",
        "from core.episodes import topics\ntable[topics.TRUTH]",
        "rows = messages(descriptor, index, table['/truth'], path)",
        "for message in reader.iter_messages(topics=['/truth']): pass",
        "name = '/' + 'truth'",
        "name = f'/{kind}truth'",
        "data.find(b'/truth')",
        "from robot.simulation.privileged import PrivilegedCamera",
        "from core.representations.live_object_state import object_reader",
    ],
)
def test_every_way_of_opening_it_is_found(source: str) -> None:
    assert openings(source)


@pytest.mark.parametrize(
    "source", ["'''Reads nothing of /truth.'''", "recorder.truth(scene.truth())", "from core.messages import Truth"]
)
def test_who_only_mentions_or_writes_it_is_left_alone(source: str) -> None:
    assert not openings(source)
