"""What cannot be meant is told in one sentence, before anything is measured or written."""

import pytest
from click.testing import CliRunner

from training.__main__ import cli
from w2l_studio.errors import UsageError


def run(*words):
    return CliRunner().invoke(cli, [str(word) for word in words], catch_exceptions=False)


@pytest.mark.parametrize(
    ("share", "told"),
    [
        ("drawn", "tells no weight"),
        ("drawn=much", "tells no weight"),
        ("typo=9", "names no pack with clips to train on. There are drawn"),
        ("drawn=-1", "is no weight"),
        ("drawn=nan", "is no weight"),
        ("drawn=inf", "is no weight"),
        ("drawn=0", "every pack with clips to draw has the share 0"),
    ],
)
def test_a_share_that_cannot_be_meant_is_refused(pack, tmp_path, share, told):
    with pytest.raises(UsageError) as caught:
        run("expert", "--pack", pack, "--out", tmp_path / "run", "--steps", 1, "--share", share)
    assert told in str(caught.value)
    assert not (tmp_path / "run").exists()
