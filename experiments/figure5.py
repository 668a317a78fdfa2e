"""Figure 5: one pixel of a source in unseen scenes; Figure 6: a line of them, and how it stretches.

Across the instances of a class and on things that bend it wants the tasks of Table III.
"""

from __future__ import annotations

from experiments.cells import SIZES, Scale, shown
from experiments.gallery import Gallery, Hung
from experiments.steps import Asked, Descriptors, Look
from robot.simulation.variations import VISUALS

_LOOKS = (Look("unseen"), Look("unseen"), *(Look(visual, (visual,)) for visual in VISUALS))
_TASKS = {"box": ("reach_tr", 30), "plate": ("push_plate", 100)}


def _descriptors(thing: str, scale: Scale) -> Descriptors:
    """Those that Tables I and II have too."""
    return Descriptors(shown(*_TASKS[thing], scale), SIZES[scale].descriptors)


def _figure5(scale: Scale) -> tuple[Hung, ...]:
    points = {"box": ("label", "label_head", "corner_+-+"), "plate": ("middle", "rim_0", "rim_135")}
    return tuple(
        Hung(thing, f"The {thing}", Asked(_descriptors(thing, scale), _LOOKS, points=chosen))
        for thing, chosen in points.items()
    )


def _figure6(scale: Scale) -> tuple[Hung, ...]:
    ends = {
        "box": (("label_foot", "label_head"), ("corner_--+", "corner_+-+")),
        "plate": (("middle", "rim_90"),),
    }
    return tuple(
        Hung(thing, f"The {thing}", Asked(_descriptors(thing, scale), _LOOKS, lines=chosen))
        for thing, chosen in ends.items()
    )


FIGURE5 = Gallery(
    "Figure 5: where the same is seen again",
    "Left the source; green is what is asked for. To the right scenes that no demonstration had, under other light, "
    "background, clutter and occlusion: the heatmap exp(-distance / 0.25), red the best match, green what is right "
    "where the simulator can tell.",
    _figure5,
)
FIGURE6 = Gallery(
    "Figure 6: a movement here, the same movement there",
    "Left a line of pixels in the source; to the right each in its colour where it is found again. The paper shows a "
    "shoe and a boot; those come with the tasks of Table III.",
    _figure6,
)
