import os
import sys
from pathlib import Path
from unicodedata import normalize
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from w2l_studio.edit import urls

FOLDER = Path("/film/edit")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("/m/a b.mov", "/m/a b.mov"),
        ("a.mov", "/film/edit/a.mov"),
        ("../rushes/a.mov", "/film/rushes/a.mov"),
        ("media/a%20b.mov", "/film/edit/media/a b.mov"),
        ("file:///m/a%20b%23.mov", "/m/a b#.mov"),
        ("file://localhost/m/a.mov", "/m/a.mov"),
        ("file:/m/a.mov", "/m/a.mov"),
        ("file://./m/a.mov", "/film/edit/m/a.mov"),
        ("FILE:///m/a.mov", "/m/a.mov"),
        # FFmpeg would read these as protocols; here they are names of files.
        ("concat:a|b", "/film/edit/concat:a|b"),
        ("data:x", "/film/edit/data:x"),
    ],
)
def test_local_urls(url, path):
    assert urls.to_path(url, FOLDER) == Path(path)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "  ",
        "http://host/a.mov",
        "s3://bucket/a.mov",
        "rtsp://host/a",
        r"D:\media\a.mov",
        "D:/media/a.mov",
        "file:///D:/media/a.mov",
        "file://localhost/D%3a/media/a.mov",
        r"\\server\share\a.mov",
        "file://server/share/a.mov",
        "a%00b.mov",
        "file:///m/a%00b.mov",
        "a\0b.mov",
    ],
)
def test_what_is_not_local_here_is_none(url):
    assert urls.to_path(url, FOLDER) is None


@pytest.mark.parametrize(
    ("url", "root"),
    [
        (r"D:\media\day 1\a.mov", (r"D:\media", "/mnt/m")),
        (r"d:\Media\day 1\a.mov", ("D:/media/", "/mnt/m")),
        ("file://localhost/D%3a/media/day%201/a.mov", (r"D:\media", "/mnt/m")),
        (r"\\nas\media\day 1\a.mov", (r"\\nas\media", "/mnt/m")),
        ("file://nas/media/day%201/a.mov", (r"\\nas\media", "/mnt/m")),
        ("/Volumes/media/day 1/a.mov", ("/Volumes/media", "/mnt/m")),
        ("file:///Volumes/media/day%201/a.mov", ("file:///Volumes/media", "/mnt/m")),
    ],
)
def test_media_roots_remap(url, root):
    assert urls.to_path(url, FOLDER, [("/other", "/x"), root]) == Path("/mnt/m/day 1/a.mov")


def test_a_root_ends_at_a_folder():
    assert urls.to_path("/media2/a.mov", FOLDER, [("/media", "/x")]) == Path("/media2/a.mov")


def test_a_name_that_is_too_long_for_any_system_is_unescaped_and_not_there(tmp_path):
    assert urls.to_path("%61" * 100, tmp_path) == tmp_path / ("a" * 100)


def test_a_percent_sign_in_a_real_name_wins(tmp_path):
    (tmp_path / "50%20off.mov").touch()
    assert urls.to_path("50%20off.mov", tmp_path) == tmp_path / "50%20off.mov"
    assert urls.to_path("60%20off.mov", tmp_path) == tmp_path / "60 off.mov"


NAMES = st.text(
    st.characters(exclude_characters="/\\\0", exclude_categories=["Cs", "Cc"]), min_size=1
).filter(lambda name: name not in (".", "..") and name == name.strip())


@given(name=NAMES, below=st.booleans())
def test_every_file_name_survives_the_way_to_a_url_and_back(name, below):
    path = (FOLDER if below else Path("/elsewhere")) / name
    url = urls.to_url(path, FOLDER)
    assert url.isascii()
    assert " " not in url
    assert url.startswith("file:///") != below
    assert urls.to_path(url, FOLDER) == path


@given(name=NAMES.filter(lambda name: ":" not in name))
def test_relative_urls_name_the_same_file_after_a_move(name):
    new = Path("/film/edit/film.w2l")
    url = urls.to_url(FOLDER / name, FOLDER)
    assert urls.to_path(urls.rebase(url, FOLDER, new), new) == FOLDER / name


@pytest.mark.parametrize(
    "url", ["/m/a.mov", "file:///m/a.mov", r"D:\m\a.mov", "http://x/a.mov", r"\\s\a.mov"]
)
def test_a_move_leaves_other_urls_alone(url):
    assert urls.rebase(url, FOLDER, Path("/x")) == url


def test_a_move_keeps_bare_names_bare():
    assert urls.rebase("a b.mov", FOLDER, Path("/film/out dir")) == "../edit/a b.mov"
    assert urls.rebase("a%20b.mov", Path("/film/my edit"), Path("/film/x")) == "../my%20edit/a%20b.mov"


@pytest.mark.parametrize("written", ["NFC", "NFD"])
@pytest.mark.parametrize("stored", ["NFC", "NFD"])
@pytest.mark.parametrize("form", ["bare", "relative", "url", "root"])
def test_accents_are_found_however_they_are_composed(tmp_path, written, stored, form):
    # The folder stays composed, as on a disk that several systems write to.
    folder = tmp_path / "M\u00fcller"
    folder.mkdir()
    there = folder / normalize(stored, "Gr\u00f6\u00dfe 1.mov")
    there.write_bytes(b"")
    asked = normalize(written, str(folder / "Gr\u00f6\u00dfe 1.mov"))
    relative = asked[len(str(tmp_path)) + 1 :]
    url = {"bare": asked, "relative": relative, "url": f"file://{quote(asked)}", "root": f"/gone/{relative}"}
    found = urls.to_path(url[form], tmp_path, [("/gone", str(tmp_path))])
    assert found is not None
    assert found.samefile(there)
    lost = urls.to_path(asked + "x" * 300, tmp_path)
    # In the folder that is there: image sequences are found by it.
    assert lost == folder / (Path(asked).name + "x" * 300)


@pytest.mark.skipif(sys.platform == "win32", reason="names are UTF-16 there")
def test_a_name_that_is_no_utf_8_is_written_by_its_bytes(tmp_path):
    path = tmp_path / os.fsdecode(b"M\xfcller") / "fr.wav"
    assert urls.to_url(path, tmp_path) == "M%FCller/fr.wav"
    for folder in (tmp_path, tmp_path / "elsewhere"):
        assert urls.to_path(urls.to_url(path, folder), folder) == path


def test_a_name_that_is_no_utf_8_is_text_where_only_text_may_stand():
    assert urls.as_text("\u00e9 caf\udce9.mov") == "\u00e9 caf\\udce9.mov"
