"""Tiles use the room well, and groups stay together."""

from __future__ import annotations

import pytest

from app.views.tiling import ASPECT, GAP, best_tiling


@pytest.mark.parametrize("count", [1, 3, 4, 8])
@pytest.mark.parametrize("size", [(1060, 780), (1600, 400), (500, 900)])
def test_the_groups_of_two_models_fill_the_room_and_stay_together(count: int, size: tuple[int, int]) -> None:
    tiling = best_tiling(2 * count, 2, *size, gutter=20)
    cells = [tiling.cell(index) for index in range(2 * count)]
    assert len(set(cells)) == 2 * count
    assert max(column for column, _ in cells) < tiling.columns and max(row for _, row in cells) < tiling.rows
    for first, second in zip(cells[::2], cells[1::2], strict=True):
        apart = (second[0] - first[0], second[1] - first[1])
        assert apart == ((1, 0) if tiling.across else (0, 1))
    wide = tiling.columns * (tiling.width + GAP) + 20 * (not tiling.across)
    tall = tiling.rows * (tiling.height + GAP) + 20 * tiling.across
    assert wide <= size[0] + GAP and tall <= size[1] + GAP
    assert wide > size[0] - 8 * GAP or tall > size[1] - 8 * GAP, "as large as it fits one way"


def test_two_models_of_one_target_stand_side_by_side_where_it_is_wide() -> None:
    assert best_tiling(2, 2, 1600, 400, gutter=20).across
    assert not best_tiling(2, 2, 400, 1600, gutter=20).across
    assert not best_tiling(2, 2, 1600, 400).across, "without names a group is a column"


def test_a_view_beside_keeps_its_share() -> None:
    tiling = best_tiling(4, 1, 1000, 800, beside=0.4)
    assert tiling.columns * (tiling.width + GAP) <= 600
    assert tiling.width == pytest.approx(ASPECT * tiling.height, abs=2)
