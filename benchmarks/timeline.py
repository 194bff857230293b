"""What length of timeline costs: time and peak memory of `dub`, each run in a process of its own.

Lays the example's clips end to end into timelines of one and ten minutes and dubs them for real. Two figures:
one marked five-second segment in ten minutes against that segment alone (goal: at most 1.3 times), and
everything marked in ten minutes against one minute (peak memory within 10 %). Prints markdown.
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import opentimelineio as otio

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "two_voices"
RUNS = 3
MARKED_S = 5


def main() -> None:
    """Run everything and print the tables."""
    full = "--full" in sys.argv
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        alone = edit(root / "alone.otio", seconds=MARKED_S, marked_s=MARKED_S)
        long = edit(root / "long.otio", seconds=600, marked_s=MARKED_S)
        times: dict[str, list[float]] = {"alone": [], "long": []}
        for _ in range(RUNS):
            times["alone"].append(dub(alone)[0])
            times["long"].append(dub(long)[0])
        one, ten = (statistics.median(times[name]) for name in ("alone", "long"))
        print("| edit | wall time, median of 3 |\n|---|---|")
        print(f"| 5 s, all marked | {one:.1f} s |\n| 10 min, the same 5 s marked | {ten:.1f} s |")
        print(f"\nRatio {ten / one:.2f} (goal <= 1.3).\n")
        lengths = (60, 600) if full else (30, 120)
        print("| edit, all marked | wall time | peak memory |\n|---|---|---|")
        peaks = []
        for length in lengths:
            seconds, peak = dub(edit(root / f"all{length}.otio", seconds=length, marked_s=length))
            peaks.append(peak)
            print(f"| {length} s | {seconds:.0f} s | {peak:.0f} MiB |")
        print(f"\nRatio of peaks {peaks[1] / peaks[0]:.2f} (goal <= 1.10).")


def edit(path: Path, *, seconds: int, marked_s: int) -> Path:
    """Write a timeline of the example's clips, repeated, with marks on its first ``marked_s``."""
    source = otio.adapters.read_from_file(str(EXAMPLE / "two_voices.otio"))
    clips = [clip for clip in source.video_tracks()[0].find_clips() if clip.markers]
    timeline = otio.schema.Timeline(path.stem)
    track = otio.schema.Track("V1", kind="Video")
    timeline.tracks.append(track)
    length, i = 0.0, 0
    while length < seconds:
        clip = clips[i % len(clips)].clone()
        clip.media_reference.target_url = str(EXAMPLE / clip.media_reference.target_url)
        wanted = min(clip.source_range.duration.to_seconds(), seconds - length)
        clip.source_range = otio.opentime.TimeRange(
            clip.source_range.start_time, otio.opentime.RationalTime(round(wanted * 24), 24)
        )
        if length >= marked_s:
            del clip.markers[:]
        track.append(clip)
        length += wanted
        i += 1
    otio.adapters.write_to_file(timeline, str(path))
    return path


def dub(path: Path) -> tuple[float, float]:
    """Dub in a process of its own; return wall seconds and its peak memory in MiB."""
    stem = EXAMPLE / "stems" / "fr.wav"
    with tempfile.TemporaryDirectory() as out:
        code = (
            "import resource, sys\n"
            "from w2l_studio.cli.main import main\n"
            "try: main(sys.argv[1:])\n"
            "finally: print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)\n"
        )
        started = time.perf_counter()
        done = subprocess.run(
            [sys.executable, "-c", code, "dub", str(path), "--stem", str(stem), "--out", out],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        wall = time.perf_counter() - started
        report = json.loads((Path(out) / "report.json").read_text())
    assert report["frames"]["synced"] > 0, report
    return wall, int(done.stdout.split()[-1]) / 1024


if __name__ == "__main__":
    main()
