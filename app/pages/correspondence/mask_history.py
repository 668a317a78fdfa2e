"""What a hand did to the mask of one image, so that strokes can be taken back and painted again."""

from __future__ import annotations

from dataclasses import dataclass

from core.correspondence.mask_correction import MaskCorrection


@dataclass(slots=True)
class History:
    """Corrections of one image, the newest last; those after ``position`` were taken back.

    ``problem`` says what is wrong with the stored one while that is still kept.
    """

    states: list[MaskCorrection | None]
    position: int = 0
    problem: str = ""

    @property
    def now(self) -> MaskCorrection | None:
        return self.states[self.position]

    def add(self, state: MaskCorrection | None) -> None:
        del self.states[self.position + 1 :]
        self.states.append(state)
        self.position += 1

    @property
    def something(self) -> bool:
        """Whether anything of a hand's is kept of this image, be it damaged."""
        return self.now is not None or bool(self.problem)

    def can_move(self, by: int) -> bool:
        return 0 <= self.position + by < len(self.states)
