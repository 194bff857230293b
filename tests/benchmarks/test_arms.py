"""Arms side by side: what fails alone, what is kept, how seeds, people and differences are counted."""

import multiprocessing

import pytest

pytest.importorskip("torch")

from benchmarks import arms
from benchmarks.arms import Row
from training.packs.data import Clip

MEASURES = {"hit": "found"}


def of(*values, split="unseen"):
    return [Row(f"p{n}", split, {"hit": value}) for n, value in enumerate(values)]


def test_seeds_deviate_and_bounds_come_from_people():
    assert arms.cell([of(0.2, 0.2), of(0.4, 0.4)], "unseen", "hit") == "0.300 ± 0.141 [0.300, 0.300]"
    assert arms.cell([of(0.1, 0.5)], "unseen", "hit") == "0.300 [0.100, 0.500]"


def test_a_table_stands_for_each_split_with_a_row_for_each_arm():
    seen = [*of(0.5), *of(0.25, split="wild")]
    lines = arms.table({"real": {0: seen, 1: seen}, "true lips": {0: seen}}, MEASURES)
    assert lines[0] == "| unseen (1 people, 1 clips) | found |"
    assert lines[2].startswith("| real | 0.500 ± 0.000")
    assert lines[3].startswith("| true lips | 0.500 [")
    assert lines[7].startswith("| real | 0.250")


def test_arms_are_compared_clip_by_clip_and_seed_by_seed():
    told = {"all": {0: of(0.5, 0.2), 1: of(0.1, 0.1)}, "less": {1: of(0.3, 0.0), 2: of(1, 1)}}
    apart = arms.differences(told, "all")
    assert list(apart) == ["less"]
    assert {seed: [row.figures["hit"] for row in rows] for seed, rows in apart["less"].items()} == {
        1: [pytest.approx(0.2), pytest.approx(-0.1)]
    }
    assert arms.differences({"less": told["less"]}, "all") == {}


def test_a_run_that_fails_leaves_the_others_alone(tmp_path, capfd):
    def run(number):
        if number == 1:
            raise ValueError("broken on purpose")
        arms.write(arms.folder(tmp_path, "1:3", number), of(number))

    if "fork" not in multiprocessing.get_all_start_methods():
        pytest.skip("runs are forked, which this system cannot")
    failed = arms.side_by_side([lambda n=n: run(n) for n in range(3)], jobs=2)
    assert failed == 1
    assert "broken on purpose" in capfd.readouterr().err
    assert arms.found(tmp_path, ["1:3", "never"], 3) == {"1:3": {0: of(0), 2: of(2)}}
    assert "| 1:3 |" in arms.report(tmp_path, arms.found(tmp_path, ["1:3"], 3), "real", MEASURES)


def test_clips_are_chosen_of_as_many_people_as_can_be():
    def clip(name, who, split):
        return Clip(name, "g", who, split, "", "", None, None, None, None)

    clips = [clip(n, n[0], "unseen") for n in ("a1", "a2", "a3", "b1", "b2", "c1")] + [clip("w", "w", "wild")]
    assert [one.name for one in arms.spread(clips, 4)] == ["a1", "b1", "c1", "a2", "w"]
