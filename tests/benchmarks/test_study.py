"""The human study: the page is blind, whole and seeded; its answers become the paper's table."""

import importlib.util
import json
import re
from collections import Counter
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("benchmark_study", ROOT / "benchmarks" / "study.py")
study = importlib.util.module_from_spec(spec)
spec.loader.exec_module(study)

METHODS = ("ours", "wav2lip", "unsynced")
FILMS = ("anna", "ben", "cleo")


@pytest.fixture
def folders(tmp_path):
    for method in METHODS:
        (tmp_path / method).mkdir()
        for film in FILMS:
            (tmp_path / method / f"{film}.mp4").write_bytes(f"{method} {film}".encode())
    return {method: tmp_path / method for method in METHODS}


def told(page):
    return json.loads(re.search(r"const study = (.*);$", page.read_text("utf-8"), re.MULTILINE)[1])


def test_the_page_is_blind_and_its_key_tells_every_version(folders, tmp_path):
    key = json.loads(study.make(tmp_path / "page.html", folders, 0).read_text())
    text = (tmp_path / "page.html").read_text("utf-8")
    assert not any(name in text for name in (*METHODS[:2], *FILMS))
    assert not re.search(r"(src|href)=", text.replace("link.href =", "").replace("src:", ""))
    assert "synthetic" in text
    page = told(tmp_path / "page.html")
    shown = [token for item in page["items"] for token in item["versions"]]
    assert sorted(shown) == sorted(key["versions"]) == sorted(page["films"])
    for item in page["items"]:
        versions = [key["versions"][token] for token in item["versions"]]
        assert {one["method"] for one in versions} == set(METHODS)
        assert len({one["film"] for one in versions}) == 1


def test_the_seed_draws_the_order(folders, tmp_path):
    orders = []
    for seed in (0, 0, 1, 2, 3):
        key = json.loads(study.make(tmp_path / "page.html", folders, seed).read_text())["versions"]
        shown = [token for item in told(tmp_path / "page.html")["items"] for token in item["versions"]]
        orders.append([(key[one]["film"], key[one]["method"]) for one in shown])
    assert orders[0] == orders[1]
    assert len({tuple(order) for order in orders}) == 4


def answered(path, key, score, best):
    """Write what a participant saves who rates by method."""
    answers = {}
    for token, version in key["versions"].items():
        item = answers.setdefault(version["film"], {"ratings": {}, "best": None})
        item["ratings"][token] = dict.fromkeys(study.SCALES, score[version["method"]])
        if version["method"] == best:
            item["best"] = token
    path.write_text(json.dumps({"study": key["study"], "participant": path.stem, "answers": answers}))
    return path


def test_answers_become_the_papers_table(folders, tmp_path, capsys):
    path = study.make(tmp_path / "page.html", folders, 0)
    key = json.loads(path.read_text())
    files = [
        answered(tmp_path / "one.json", key, {"ours": 5, "wav2lip": 3, "unsynced": 1}, "ours"),
        answered(tmp_path / "two.json", key, {"ours": 4, "wav2lip": 3, "unsynced": 1}, "ours"),
        answered(tmp_path / "three.json", key, {"ours": 3, "wav2lip": 3, "unsynced": 1}, "wav2lip"),
    ]
    assert study.main(["read", str(path), *map(str, files)]) == 0
    rows = {line.split(" | ")[0]: line for line in capsys.readouterr().out.splitlines() if " | " in line}
    assert "4.00 [3.00-5.00]" in rows["| ours"]
    assert "67 % [0-100]" in rows["| ours"]
    assert rows["| wav2lip"].count("3.00 [3.00-3.00]") == 3
    assert "0 % [0-0]" in rows["| unsynced"]


def test_what_is_not_of_the_study_is_one_sentence(folders, tmp_path, capsys):
    path = study.make(tmp_path / "page.html", folders, 0)
    key = json.loads(path.read_text())
    good = answered(tmp_path / "a.json", key, {"ours": 5, "wav2lip": 3, "unsynced": 6}, "ours")
    assert study.main(["read", str(path), str(good)]) == 2
    good.write_text(good.read_text().replace(key["study"], "another"))
    assert study.main(["read", str(path), str(good)]) == 2
    (folders["ours"] / "ben.mp4").unlink()
    assert (
        study.main(["make", str(tmp_path / "p.html"), *(f"--method={m}={f}" for m, f in folders.items())])
        == 2
    )
    said = capsys.readouterr().err.splitlines()
    assert len(said) == 3
    for line, what in zip(said, ("from 1 to 5", "another study", "same films"), strict=True):
        assert what in line


def test_pairs_show_every_method_against_every_other_with_each_in_front_as_often(folders, tmp_path):
    for film in ("dora",):
        for method in METHODS:
            (folders[method] / f"{film}.mp4").write_bytes(f"{method} {film}".encode())
    key = json.loads(study.make(tmp_path / "page.html", folders, 3, pairs=True).read_text())
    page = told(tmp_path / "page.html")
    assert page["scales"] == {}
    assert {item["id"]: item["versions"] for item in page["items"]} == key["items"]
    fronts, films = Counter(), Counter()
    for one, other in key["items"].values():
        first, second = key["versions"][one], key["versions"][other]
        assert first["film"] == second["film"]
        assert first["method"] != second["method"]
        fronts[first["method"], second["method"]] += 1
        films[first["film"]] += 1
    assert set(fronts.values()) == {2}
    assert len(fronts) == 6
    assert set(films.values()) == {3}
    # A film is embedded once, however often it is shown.
    assert len(page["films"]) == len(FILMS) * 3 + 3


def chose(path, key, order):
    """Write what a participant saves who always takes the method that comes first in an order."""
    answers = {}
    for item, shown in key["items"].items():
        best = min(shown, key=lambda token: order.index(key["versions"][token]["method"]))
        answers[item] = {"ratings": {token: {} for token in shown}, "best": best}
    path.write_text(json.dumps({"study": key["study"], "participant": path.stem, "answers": answers}))
    return path


def test_choices_become_a_table_of_who_was_chosen_over_whom(folders, tmp_path, capsys):
    path = study.make(tmp_path / "page.html", folders, 0, pairs=True)
    key = json.loads(path.read_text())
    files = [
        chose(tmp_path / "one.json", key, ("ours", "wav2lip", "unsynced")),
        chose(tmp_path / "two.json", key, ("ours", "wav2lip", "unsynced")),
        chose(tmp_path / "three.json", key, ("wav2lip", "unsynced", "ours")),
    ]
    assert study.main(["read", str(path), *map(str, files)]) == 0
    rows = {line.split(" | ")[0]: line for line in capsys.readouterr().out.splitlines() if " | " in line}
    assert rows["| chosen over"] == "| chosen over | ours | unsynced | wav2lip | all |"
    assert rows["| ours"] == "| ours | - | 67 % [0-100] | 67 % [0-100] | 67 % [0-100] |"
    assert rows["| unsynced"] == "| unsynced | 33 % [0-100] | - | 0 % [0-0] | 17 % [0-50] |"
    assert rows["| wav2lip"] == "| wav2lip | 33 % [0-100] | 100 % [100-100] | - | 67 % [50-100] |"


def test_a_choice_of_what_was_not_shown_is_one_sentence(folders, tmp_path, capsys):
    path = study.make(tmp_path / "page.html", folders, 0, pairs=True)
    key = json.loads(path.read_text())
    file = chose(tmp_path / "one.json", key, METHODS)
    good = json.loads(file.read_text())
    item, other = list(key["items"])[:2]
    strange = next(token for token in key["versions"] if token not in key["items"][item])
    for change in (
        lambda a: a[item].update(best=strange),
        lambda a: a.clear(),
        lambda a: a.update(x=a[other]),
    ):
        answers = json.loads(json.dumps(good["answers"]))
        change(answers)
        file.write_text(json.dumps({**good, "answers": answers}))
        assert study.main(["read", str(path), str(file)]) == 2
    said = capsys.readouterr().err.splitlines()
    wanted = (f"preferred in {item} is none", "not every two methods", "preferred in x is none")
    for line, what in zip(said, wanted, strict=True):
        assert what in line
