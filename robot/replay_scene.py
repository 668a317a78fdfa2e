"""Whether an episode belongs to the rig and the scene in which it is to be replayed."""

from __future__ import annotations

from collections.abc import Mapping

from core.errors import InputError
from core.geometry import SE3
from core.messages import EpisodeMetadata, Floats

_MOVED_M = 0.01
_MOVED_RAD = 0.1


class OtherSceneError(InputError):
    """It needs the objects of another scene: the one of ``task``."""

    def __init__(self, sentence: str, task: str) -> None:
        super().__init__(sentence)
        self.task = task


def require_own_rig(episode: EpisodeMetadata, rig: str) -> None:
    """A real arm replays only what was recorded on it: InputError for an episode of another rig or of a simulation."""
    if episode.simulated or episode.rig != rig:
        where = "in simulation" if episode.simulated else f"on the rig '{episode.rig}'"
        raise InputError(f"This episode was recorded {where}; the real arm of '{rig}' replays only its own episodes.")


def difference_of_scene(
    episode: EpisodeMetadata, task: str, X_WO: Mapping[str, Floats], titles: Mapping[str, str]
) -> str:
    """Why a replay in a simulated scene may not do what the episode did, in words; empty when nothing differs.

    ``X_WO`` are the poses of the objects in the scene of ``task``, ``titles`` the tasks' titles by name.
    OtherSceneError when other objects are needed.
    """
    recorded = episode.start_poses
    own, here = titles.get(episode.task, episode.task), titles.get(task, task)
    if episode.task != task and set(recorded) != set(X_WO):
        raise OtherSceneError(
            f"This episode is of '{own}', and the scene of '{here}' holds other objects; load the scene of"
            f" '{own}' before the replay.",
            episode.task,
        )
    found: list[str] = []
    if not episode.simulated:
        found.append(f"This episode was recorded on the rig '{episode.rig}', not in simulation.")
    if episode.task != task:
        found.append(f"This episode is of '{own}', and it is replayed in the scene of '{here}'.")
    found.append(_difference_of_objects(episode, X_WO))
    return " ".join(filter(None, found))


def _difference_of_objects(episode: EpisodeMetadata, X_WO: Mapping[str, Floats]) -> str:
    recorded = episode.start_poses
    if X_WO and not recorded:
        return "It is not known where the objects were when this episode began; the replay may do something else."
    moved = [name for name in sorted(set(recorded) & set(X_WO)) if _moved(recorded[name], X_WO[name])]
    if not moved:
        return ""
    names = " and ".join(name.replace("_", " ") for name in moved)
    seed = "" if episode.seed is None else f"; reset the scene with seed {episode.seed} for the same start"
    return f"Elsewhere than when this episode began: {names}. The replay may do something else{seed}."


def _moved(recorded: Floats, now: Floats) -> bool:
    distance, angle = SE3.from_array(recorded).distance(SE3.from_array(now))
    return distance > _MOVED_M or angle > _MOVED_RAD
