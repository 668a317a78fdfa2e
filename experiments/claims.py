"""What the paper's section V-B claims, each tested by the difference of two shares with its 95 % interval."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from core.attempts.statistics import Score, difference95, score
from experiments.cells import Cell, Scale, shown, trials
from experiments.experiment import Experiment, Findings, Part
from experiments.figure4 import map_of
from experiments.found import shown as in_words
from experiments.steps import Trials
from experiments.table1 import TITLES
from experiments.table1 import tried as of_table1
from experiments.table2 import EPISODES, METHODS, RECIPES
from experiments.table2 import tried as of_table2

_SHORT = {
    "gt-3d": "GT-3D",
    "gt-2d": "GT-2D",
    "ae": "AE",
    "ae-mask": "AE, mask",
    "ae-e2e": "AE, then E2E",
    "e2e": "E2E",
    "e2e-34": "E2E, 34 layers",
    "dd-2d": "DD-2D",
    "dd-3d": "DD-3D",
}
_TR30, _TR, _BOX, _PLATE = "Reach T+R, 30 demonstrations", "Reach T+R", "Push box", "Push plate"
_CLOSE = 0.10
"""As much less is still close to another."""


@dataclass(frozen=True, slots=True)
class Share:
    """Which share: of a cell's trials, all of them or those that began inside or outside the demonstrations' hull."""

    row: str
    column: str
    hull: str = ""

    @property
    def place(self) -> tuple[str, str]:
        return self.row, self.column

    @property
    def words(self) -> str:
        return f"{self.row}, {self.column}" + (f", {self.hull} the hull" if self.hull else "")

    def score(self, findings: Findings) -> Score:
        """Of no trials where nothing is known yet."""
        found = findings.get(f"{self.row}, {self.column}")
        if found is None or not found.measured:
            return score(())
        if not self.hull:
            return found.score()
        picture = map_of(found)
        return picture.inside if self.hull == "inside" else picture.outside


@dataclass(frozen=True, slots=True)
class Claim:
    """The first of each pair is better than the second, or ``worse_by`` at most so much."""

    words: str
    pairs: tuple[tuple[Share, Share], ...]
    worse_by: float = 0.0


def _versus(*names: str, column: str, other: str = "") -> tuple[tuple[Share, Share], ...]:
    """The first against each of the others."""
    return tuple((Share(names[0], column), Share(name, other or column)) for name in names[1:])


def _hull(first: str, second: str, hulls: tuple[str, str]) -> tuple[tuple[Share, Share], ...]:
    return tuple((Share(first, column, hulls[0]), Share(second, column, hulls[1])) for column in (_TR30, _TR))


def _each(first: str, second: str, columns: Iterable[str]) -> tuple[tuple[Share, Share], ...]:
    return tuple((Share(first, column), Share(second, column)) for column in columns)


CLAIMS = (
    Claim(
        "Dense descriptors come remarkably close to what is possible with access to the state of the world",
        _each("DD-2D", "GT-2D", TITLES.values()) + _each("DD-3D", "GT-3D", TITLES.values()),
        _CLOSE,
    ),
    Claim("A deeper network does not improve end-to-end", _versus("E2E", "E2E, 34 layers", column=_TR), _CLOSE),
    Claim("The few failures of dense descriptors lie outside the hull", _hull("DD-2D", "DD-2D", ("inside", "outside"))),
    Claim("GT-3D succeeds more often outside the hull than GT-2D", _hull("GT-3D", "GT-2D", ("outside", "outside"))),
    Claim("DD-3D generalises better than DD-2D", _hull("DD-3D", "DD-2D", ("outside", "outside"))),
    Claim(
        "With 30 demonstrations dense descriptors beat AE and E2E with 200",
        _versus("DD-2D", "AE", "AE, mask", "AE, then E2E", "E2E", column=_TR30, other=_TR),
    ),
    Claim(
        "Push box needs the LSTM even with ground truth",
        tuple((Share(name, _BOX), Share(f"{name}, MLP", _BOX)) for name in ("GT-3D", "GT-2D")),
    ),
    Claim("Push plate asks more of end-to-end than push box", ((Share("E2E", _BOX), Share("E2E", _PLATE)),)),
    Claim("On push plate DD-2D does almost as well as GT-2D", _versus("DD-2D", "GT-2D", column=_PLATE), _CLOSE),
    Claim(
        "On push plate DD-2D is significantly better than AE and E2E",
        _versus("DD-2D", "AE", "AE, mask", "AE, then E2E", "E2E", column=_PLATE),
    ),
    Claim("On push plate DD-3D is better still", _versus("DD-3D", "DD-2D", column=_PLATE)),
    Claim(
        "Noise on the observed hand has a marked effect",
        tuple(
            (Share(f"{method}{suffix}", column), Share(f"{method}, no noise{suffix}", column))
            for suffix in RECIPES.values()
            for method in ("GT-2D", "DD-2D")
            for column in (_TR30, _TR)
        ),
    ),
)


def _tried(scale: Scale) -> dict[tuple[str, str], tuple[Trials, ...]]:
    """All trials that a claim may speak of, by row and column."""
    found = {
        (row, title): of_table1(method, task, scale) for task, title in TITLES.items() for method, row in _SHORT.items()
    }
    found |= {
        (f"{_SHORT[method]}{'' if noise else ', no noise'}{suffix}", column): of_table2(
            method, episodes, recipe, noise, scale
        )
        for method in METHODS
        for column, episodes in zip((_TR30, _TR), EPISODES, strict=True)
        for recipe, suffix in RECIPES.items()
        for noise in (False, True)
    }
    few, boxes = shown("reach_tr", EPISODES[0], scale), shown("push_box", 50, scale)
    found |= {(_SHORT[method], _TR30): trials(few, method, scale) for method in ("gt-3d", "dd-3d")}
    mlps = {method: trials(boxes, method, scale, recipe="contact") for method in ("gt-3d", "gt-2d")}
    return found | {(f"{_SHORT[method]}, MLP", _BOX): each for method, each in mlps.items()}


def _cells(scale: Scale) -> tuple[Cell, ...]:
    """Those that the claims speak of, in their order."""
    tried = _tried(scale)
    places = (share.place for claim in CLAIMS for pair in claim.pairs for share in pair)
    return tuple(Cell(*place, tried[place]) for place in dict.fromkeys(places))


def _judged(findings: Findings) -> Part:
    lines = [line for claim in CLAIMS for line in _lines(claim, findings)]
    told = (
        "The first share minus the second, with its 95 % interval (Newcombe, hybrid score). A claim holds when all "
        "of the interval lies on its side, and does not when none of it does; otherwise the trials do not tell."
    )
    heading = "| claim | first | second | difference, points | |\n" + "|---" * 5 + "|"
    return Part("\n".join([told, "", heading, *lines]))


def _lines(claim: Claim, findings: Findings) -> Iterator[str]:
    """A line for each pair; the first has the claim's words."""
    bound = f" (at most {100 * claim.worse_by:.0f} points worse)" if claim.worse_by else ""
    words = claim.words + bound
    for pair in claim.pairs:
        scores = [share.score(findings) for share in pair]
        shares = (f"{share.words}: {in_words(given) or '-'}" for share, given in zip(pair, scores, strict=True))
        yield "| " + " | ".join([words, *shares, *verdict(claim, *scores)]) + " |"
        words = ""


def verdict(claim: Claim, first: Score, second: Score) -> tuple[str, str]:
    """The difference in points, and what it says of the claim."""
    if not (first.trials and second.trials):
        return "", "not yet measured"
    low, high = difference95(first, second)
    words = f"{100 * (first.rate - second.rate):+.1f} [{100 * low:+.0f}, {100 * high:+.0f}]"
    if low > -claim.worse_by:
        return words, "**holds**"
    return words, "does not hold" if high < -claim.worse_by else "the trials do not tell"


CLAIMS_OF_V_B = Experiment("The claims of the paper's section V-B", _cells, parts=_judged)
