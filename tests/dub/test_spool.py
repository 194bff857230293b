"""The spool: an array's ways on disk, no file left, and a sentence where the disk is full."""

import errno

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from w2l_studio.dub.spool import Spool
from w2l_studio.errors import OutputError


def pictures(count, px=4, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, px, px, 3)).astype(np.uint8)


@settings(deadline=None, max_examples=30)
@given(data=st.data(), count=st.integers(1, 12), before=st.integers(0, 3))
def test_rows_are_read_as_they_were_written_in_any_order(tmp_path_factory, data, count, before):
    true = pictures(count)
    with Spool(tmp_path_factory.mktemp("spool")) as spool:
        other = spool.rows(before, 4)
        rows = spool.rows(count, 4)
        for row in data.draw(st.permutations(range(count))):
            rows[row] = true[row]
        assert (len(other), len(rows)) == (before, count)
        which = np.array(data.draw(st.lists(st.integers(0, count - 1), max_size=20)), np.int64)
        np.testing.assert_array_equal(rows[which], true[which])
        start, stop = sorted(data.draw(st.tuples(st.integers(0, count), st.integers(0, count))))
        np.testing.assert_array_equal(rows[start:stop], true[start:stop])
        np.testing.assert_array_equal(rows.part(start, stop)[0 : stop - start], true[start:stop])


def test_several_pictures_are_written_at_once_and_no_further_than_the_end(tmp_path):
    with Spool(tmp_path) as spool:
        rows, after = spool.rows(5, 4), spool.rows(1, 4)
        after[0] = pictures(1, seed=1)
        rows[2] = pictures(3)
        np.testing.assert_array_equal(rows[2:5], pictures(3))
        with pytest.raises(IndexError, match="3 pictures from row 3 on, of 5"):
            rows[3] = pictures(3)
        np.testing.assert_array_equal(after[0:1], pictures(1, seed=1))


def test_nothing_is_left_in_the_folder(tmp_path):
    with Spool(tmp_path) as spool:
        spool.rows(3, 64)[0] = pictures(3, 64)
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_a_sentence(tmp_path, monkeypatch):
    class Full:
        def seek(self, at):
            raise OSError(errno.ENOSPC, "No space left on device")

        def close(self):
            raise OSError(errno.ENOSPC, "No space left on device")

    def fill():
        with Spool(tmp_path) as spool:
            spool.rows(1, 4)[0] = pictures(1)

    monkeypatch.setattr("tempfile.TemporaryFile", lambda **_: Full())
    with pytest.raises(OutputError, match="the disk is full"):
        fill()
