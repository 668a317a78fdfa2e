"""How good descriptors get in minutes on this machine, against the 2018 loss given the same minutes.

``python -m benchmarks.correspondence [MINUTES]``. Trains on 50 recorded two-camera episodes (pushing the box, reaching
it) and judges on held-out episodes of the test distribution, points uniform on the box's visible surface, and again
under each visual variation; then the same for the plate, up to its symmetry. Bar: PCK@10 at least 0.95 across scenes.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.machine import write
from core.correspondence.checkpoint import load_model
from core.correspondence.config import LAPTOP, Loss
from core.correspondence.describer import Describer
from core.correspondence.evaluation import evaluate, summary
from core.correspondence.pairs import FrameLoader, PointPair
from robot.simulation.ground_truth import GroundTruthPairs
from robot.simulation.variations import VISUALS

_BAR = 0.95
_MAIN = Path(__file__).parents[1] / "main.py"
_TRAIN = {"box": (("push_box", 25), ("reach_tr", 25)), "plate": (("push_plate", 50),)}
_TEST = {"box": (("push_box", 6), ("reach_tr", 6)), "plate": (("push_plate", 8),)}
_OBJECT = {"box": "sugar_box", "plate": "plate"}
_PAIRS, _POINTS = 60, 50


def main(minutes: float) -> int:
    with tempfile.TemporaryDirectory() as folder:
        rows = [row for thing in _TRAIN for row in _judged(thing, minutes, Path(folder))]
    for row in rows:
        shares = "  ".join(f"@{limit} {100 * share:5.1f} %" for limit, share in row["pck"].items())
        words = f"{row['object']:6} {row['loss']:12} {row['scene']:11} PCK {shares}  median {row['median_px']:.1f} px"
        print(words, file=sys.stderr)
    figures = {"minutes": minutes, "pairs": _PAIRS, "points": _POINTS, "bar_pck10": _BAR, "rows": rows}
    write("correspondence", figures, "torch", "open3d-cpu", "opencv-python-headless")
    ours = [row for row in rows if row["loss"] == LAPTOP.loss]
    return 0 if all(row["pck"]["10"] >= _BAR for row in ours) else 1


def _judged(thing: str, minutes: float, folder: Path) -> Iterator[dict[str, Any]]:
    """Rows of one object: every loss under every variation."""
    train = folder / f"{thing}-train"
    for task, count in _TRAIN[thing]:
        _record(train, task, count, "train", seed=1)
    tests = {scene: _test_pairs(thing, scene, folder) for scene in ("as trained", *VISUALS)}
    losses = (LAPTOP.loss, Loss.CONTRASTIVE) if thing == "box" else (LAPTOP.loss,)
    for loss in losses:
        trained = _train(train, minutes, loss)
        network, _ = load_model(train / "models" / trained["model"])
        for scene, pairs in tests.items():
            with closing(FrameLoader()) as loader:
                report = evaluate(Describer(network), pairs, loader)
            print(f"{thing} {loss} {scene}: {report.pck}", file=sys.stderr)
            figures = summary(report) | {"cdf": msgspec.to_builtins(report.cdf)}
            given = {"steps": trained["steps"], "wall_s": trained["wall_s"]}
            yield {"object": thing, "loss": str(loss), "scene": scene} | given | figures


def _test_pairs(thing: str, scene: str, folder: Path) -> Sequence[PointPair]:
    library = folder / f"{thing}-{scene.replace(' ', '-')}"
    visuals = () if scene == "as trained" else ("--visuals", scene)
    for task, count in _TEST[thing]:
        _record(library, task, count, "test", 1001, *visuals)
    episodes = [(path.stem, str(path)) for path in sorted((library / "episodes").glob("*.mcap"))]
    with closing(GroundTruthPairs(episodes, ("right", "left"), None, _OBJECT[thing])) as pairs:
        return pairs.draw(_PAIRS, _POINTS, seed=7)


def _record(library: Path, task: str, count: int, distribution: str, seed: int, *more: str) -> None:
    given = ("--task", task, "--episodes", str(count), "--distribution", distribution, "--seed", str(seed))
    _run(
        "record", "--library", str(library), "--cameras", "right,left", "--rate", "10", "--workers", "2", *given, *more
    )


def _train(library: Path, minutes: float, loss: Loss) -> Any:
    given = ("--preset", "laptop", "--minutes", str(minutes), "--loss", str(loss), "--json")
    return msgspec.json.decode(_run("train", "correspondence", "--library", str(library), *given))


def _run(*arguments: str) -> bytes:
    words = [sys.executable, str(_MAIN), *arguments, "--quiet"]
    return subprocess.run(words, check=True, stdout=subprocess.PIPE).stdout


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else LAPTOP.minutes))
