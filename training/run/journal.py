"""What a run tells: a line per interval in ``log.jsonl``, curves and sheets for TensorBoard, sheets as PNG.

Decides nothing. Without the package ``tensorboard`` its part is left out.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any

import cv2

from w2l_studio import atomic
from w2l_studio.terms import FramesBGR


class Journal:
    """Writes into a run's folder; open as long as the run goes on.

    Args:
        first: step that the run begins or goes on with; later curves of an earlier start are dropped.
        report: called with each line.

    Raises:
        OutputError: the log cannot be written.
    """

    def __init__(self, folder: Path, first: int, report: Callable[[str], None]) -> None:
        self._folder, self._report = folder, report
        self._path = folder / "log.jsonl"
        with atomic.refusals(self._path):
            self._log = self._path.open("a", encoding="utf-8")
        self._board = _board(folder / "tensorboard", first)

    def __enter__(self) -> Journal:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        # A full disk has been told: what it did not take is tried once more here.
        with suppress(OSError):
            self._log.close()
        if self._board is not None:
            self._board.close()

    def say(self, line: str) -> None:
        """Tell something that is no figure."""
        self._report(line)

    def numbers(self, step: int, told: Mapping[str, float], group: str = "") -> None:
        """Write figures of a step, all under the name of a group where one is given."""
        named = {f"{group}/{name}" if group else name: value for name, value in told.items()}
        line = json.dumps({"step": step, **{name: round(value, 5) for name, value in named.items()}})
        with atomic.refusals(self._path):
            self._log.write(line + "\n")
            self._log.flush()
        self._report(line)
        if self._board is not None:
            for name, value in named.items():
                self._board.add_scalar(name, value, step)

    def sheet(self, step: int, picture: FramesBGR) -> None:
        """Keep a sheet of samples, ``uint8[H, W, 3]`` BGR."""
        path = self._folder / "sheets" / f"{step:07d}.png"
        with atomic.refusals(path):
            path.parent.mkdir(exist_ok=True)
            # OpenCV would not tell that it could not write.
            path.write_bytes(cv2.imencode(".png", picture)[1].tobytes())
        if self._board is not None:
            self._board.add_image("sheet", picture[..., ::-1].copy(), step, dataformats="HWC")


def _board(folder: Path, first: int) -> Any:
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ModuleNotFoundError:
        return None
    return SummaryWriter(folder, purge_step=first)
