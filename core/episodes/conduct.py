"""What the ticks of an episode tell of its conduct: who disturbed the scene, and how often a hand took over."""

from __future__ import annotations

from core.messages import Disturbance, Source

_WEIGHT = {kind: weight for weight, kind in enumerate((Disturbance.NONE, Disturbance.SCRIPTED, Disturbance.MANUAL))}


class Conduct:
    """Fed tick by tick. ``disturbance``: a person's before a script's."""

    def __init__(self) -> None:
        self.disturbance = Disturbance.NONE
        self.interventions = 0
        self._driver: Source | None = None

    def disturbed(self, disturbance: Disturbance) -> None:
        """Who disturbed the scene on a tick."""
        self.disturbance = max(self.disturbance, disturbance, key=_WEIGHT.__getitem__)

    def driven(self, source: Source) -> None:
        """Who drove on a tick; ticks on which nobody did are left out."""
        self.interventions += source is Source.HAND and self._driver is Source.POLICY
        self._driver = source
