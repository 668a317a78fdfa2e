"""Looks at every image of an episode with a policy's eyes, and leaves where it sees its points."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from core.correspondence.config import EpisodeSpan
from core.episodes.reader import EpisodeReader
from core.errors import InputError
from core.geometry import SE3
from core.policies.demonstrations import Wanted, hands, moments, views
from core.policies.policy import Policy
from core.processes.channel import Channel
from core.processes.jobs import JobContext, JobEnded, read_specification, serve
from robot.policies.review_messages import Review, ReviewSpecification


def main(channel: Channel) -> int:
    """Serve one review."""
    return serve(channel, _work)


def _work(context: JobContext) -> JobEnded:
    given = read_specification(context.folder, ReviewSpecification)
    policy = Policy.load(Path(given.policy))
    with EpisodeReader(Path(given.episode), Path(given.cache)) as reader:
        review = reviewed(policy, reader, context)
    if not review.marks.shape[1]:
        raise InputError(f"What '{policy.description.name}' sees lies nowhere in the image; its z are mere numbers.")
    review.save(Path(given.result))
    return JobEnded("done", "", {"path": given.result})


def reviewed(policy: Policy, reader: EpisodeReader, context: JobContext) -> Review:
    """See each image as the policy did when it acted, from the first on."""
    camera = policy.description.setup.camera
    role = "" if camera is None else camera.role
    wanted = Wanted(role, 0.0, 0.0, policy.info)
    stamps, frames = moments(reader, EpisodeSpan(reader.metadata.id, str(reader.path), ""), wanted)
    hand, _ = hands(reader, stamps, 0.0)
    policy.reset()
    marks, spreads = [], []
    for done, view in enumerate(views(reader, wanted, stamps, frames, hand)):
        context.stage("seeing", done, len(stamps))
        wish = policy.act(SE3.from_array(hand.poses()[done]), float(hand.width_m[done]), view)
        in_space = wish.marks.shape[1] == 3
        marks.append(view.X_WC @ wish.marks if in_space and view.X_WC is not None else wish.marks)
        spreads.append(wish.spreads if len(wish.spreads) else np.zeros(len(wish.marks)))
    if not marks:
        raise InputError(f"Episode {reader.metadata.id} has no image to look at; choose another.")
    return Review(role, stamps, np.stack(marks), np.stack(spreads))
