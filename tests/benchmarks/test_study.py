"""The human study: the page is blind, whole and seeded; its answers become the paper's table."""

import importlib.util
import json
import re
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
    items = told(tmp_path / "page.html")["items"]
    shown = [version["id"] for item in items for version in item["versions"]]
    assert sorted(shown) == sorted(key["versions"])
    for item in items:
        versions = [key["versions"][version["id"]] for version in item["versions"]]
        assert {one["method"] for one in versions} == set(METHODS)
        assert len({one["film"] for one in versions}) == 1


def test_the_seed_draws_the_order(folders, tmp_path):
    orders = []
    for seed in (0, 0, 1, 2, 3):
        key = json.loads(study.make(tmp_path / "page.html", folders, seed).read_text())["versions"]
        shown = [v["id"] for item in told(tmp_path / "page.html")["items"] for v in item["versions"]]
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
