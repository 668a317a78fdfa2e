"""Episodes, data sets and everything else that is kept, behind one door."""

from core.library.datasets import Dataset, DatasetEpisode
from core.library.episodes import new_id
from core.library.journal import Edit
from core.library.library import Library
from core.library.query import SORTS, STATUSES, EpisodeFilter
from core.library.reconcile import Report
from core.library.rows import EpisodeDetails, EpisodePage, EpisodeRow
from core.library.statistics import Statistics, Tally

__all__ = [
    "SORTS",
    "STATUSES",
    "Dataset",
    "DatasetEpisode",
    "Edit",
    "EpisodeDetails",
    "EpisodeFilter",
    "EpisodePage",
    "EpisodeRow",
    "Library",
    "Report",
    "Statistics",
    "Tally",
    "new_id",
]
