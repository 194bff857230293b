"""What length of timeline costs: time and peak memory of `dub`, each run in a process of its own.

Lays the example's clips end to end into timelines of one and ten minutes and dubs them for real. Two figures:
one marked five-second segment in ten minutes against that segment alone (goal: at most 1.1 times), and
everything marked in ten minutes against one minute (peak memory within 10 %). Then how long a reel is read
and planned, which `inspect` and a host's user wait for. Prints markdown.
"""

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from pathlib import Path

import opentimelineio as otio

from w2l_studio.config import DubConfig
from w2l_studio.dub import plan

EXAMPLE = Path(__file__).resolve().parents[1] / "examples" / "two_voices"
RATE = 24
MARKED_S = 5
#: A feature film's reel: cuts, tracks of picture and of sound. One cut in so many is marked.
CUTS, TRACKS, MARKED = (300, 1200), (2, 10), 5


def main() -> None:
    """Run everything and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=3, help="of the timed edits, in turns")
    parser.add_argument("--only", choices=("time", "memory", "plan"), help="one of the tables")
    parser.add_argument("--minutes", type=int, nargs=2, default=(1, 10), help="lengths of the memory table")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        stem = tiled_stem(root / "fr.wav", 60 * max(10, *options.minutes))
        if options.only in (None, "time"):
            time_table(root, stem, options.runs)
        if options.only in (None, "memory"):
            memory_table(root, stem, options.minutes)
        if options.only in (None, "plan"):
            plan_table(root, stem, options.runs)


def time_table(root: Path, stem: Path, runs: int) -> None:
    """Time five marked seconds alone and in ten minutes, in turns."""
    edits = {
        "5 s, all marked": edit(root / "alone.otio", seconds=MARKED_S, marked_s=MARKED_S),
        "10 min, the same 5 s marked": edit(root / "long.otio", seconds=600, marked_s=MARKED_S),
    }
    taken: dict[str, list[float]] = {name: [] for name in edits}
    for _ in range(runs):
        for name, path in edits.items():
            taken[name].append(dub(path, stem)[0])
    print(f"| edit | CPU time, median of {runs} |\n|---|---|")
    for name, times in taken.items():
        print(f"| {name} | {statistics.median(times):.1f} s |")
    alone, long = (statistics.median(times) for times in taken.values())
    print(f"\nRatio {long / alone:.2f} (goal <= 1.1).\n", flush=True)


def memory_table(root: Path, stem: Path, minutes: tuple[int, int]) -> None:
    """Measure the peak memory of two lengths with everything marked."""
    print("| edit, all marked | CPU time | peak memory |\n|---|---|---|")
    peaks = []
    for length in minutes:
        seconds, peak = dub(edit(root / f"{length}.otio", seconds=60 * length, marked_s=60 * length), stem)
        peaks.append(peak)
        print(f"| {length} min | {seconds:.0f} s | {peak:.0f} MiB |", flush=True)
    print(f"\nRatio of peaks {peaks[1] / peaks[0]:.2f} (goal <= 1.10).")


def plan_table(root: Path, stem: Path, runs: int) -> None:
    """Time how long reels are read and planned, their plates probed with it."""
    reels = {cuts: reel(root / f"reel{cuts}.otio", cuts) for cuts in CUTS}
    taken: dict[int, list[float]] = {cuts: [] for cuts in CUTS}
    for _ in range(runs):
        for cuts, path in reels.items():
            begun = time.process_time()
            made = plan.make(path, [str(stem)], DubConfig(), root / "bundle")
            taken[cuts].append(time.process_time() - begun)
            assert made.segments
    print(f"| cuts on each of {sum(TRACKS)} tracks | CPU time, median of {runs} |\n|---|---|")
    for cuts, times in taken.items():
        print(f"| {cuts} | {statistics.median(times):.1f} s |")


def reel(path: Path, cuts: int) -> Path:
    """Write a reel of two-second cuts of the example's first clip and of its sound."""
    source = otio.adapters.read_from_file(str(EXAMPLE / "two_voices.otio"))
    picture = next(clip for clip in source.video_tracks()[0].find_clips() if clip.markers)
    sound = next(iter(source.audio_tracks()[0].find_clips()))
    timeline = otio.schema.Timeline(path.stem)
    for kind, original, count in zip(("Video", "Audio"), (picture, sound), TRACKS, strict=True):
        for number in range(count):
            track = otio.schema.Track(f"{kind[0]}{number + 1}", kind=kind)
            track.extend(cut(original, i, marked=kind == "Video" and i % MARKED == 0) for i in range(cuts))
            timeline.tracks.append(track)
    otio.adapters.write_to_file(timeline, str(path))
    return path


def cut(original: otio.schema.Clip, number: int, *, marked: bool) -> otio.schema.Clip:
    """Return two seconds of a clip, from another frame on for each number; with its mark, or without."""
    clip = original.clone()
    clip.media_reference.target_url = str(EXAMPLE / clip.media_reference.target_url)
    start = clip.source_range.start_time
    clip.source_range = otio.opentime.TimeRange(
        otio.opentime.RationalTime(start.value + number % 24, start.rate),
        otio.opentime.RationalTime(2 * start.rate, start.rate),
    )
    if marked:
        clip.markers[0].marked_range = clip.source_range
    else:
        del clip.markers[:]
    return clip


def tiled_stem(path: Path, seconds: int) -> Path:
    """Write the example's French voices end to end until they fill a timeline."""
    with wave.open(str(EXAMPLE / "stems" / "ANNA.fr.wav")) as source:
        parameters, sound = source.getparams(), source.readframes(source.getnframes())
    times = -(-seconds * parameters.framerate // parameters.nframes)
    with wave.open(str(path), "wb") as target:
        target.setparams(parameters)
        target.writeframes(sound * times)
    return path


def edit(path: Path, *, seconds: int, marked_s: int) -> Path:
    """Write a timeline of the example's clips, repeated, with marks on its first ``marked_s``."""
    source = otio.adapters.read_from_file(str(EXAMPLE / "two_voices.otio"))
    clips = [clip for clip in source.video_tracks()[0].find_clips() if clip.markers]
    timeline = otio.schema.Timeline(path.stem)
    track = otio.schema.Track("V1", kind="Video")
    timeline.tracks.append(track)
    length, i = 0, 0
    while length < seconds * RATE:
        clip = clips[i % len(clips)].clone()
        clip.media_reference.target_url = str(EXAMPLE / clip.media_reference.target_url)
        wanted = min(round(clip.source_range.duration.value), seconds * RATE - length)
        if length < marked_s * RATE:
            wanted = min(wanted, marked_s * RATE - length)
        clip.source_range = otio.opentime.TimeRange(
            clip.source_range.start_time, otio.opentime.RationalTime(wanted, RATE)
        )
        if length >= marked_s * RATE:
            del clip.markers[:]
        track.append(clip)
        length += wanted
        i += 1
    otio.adapters.write_to_file(timeline, str(path))
    return path


def dub(path: Path, stem: Path) -> tuple[float, float]:
    """Dub in a process of its own; return its CPU seconds and its peak memory in MiB."""
    with tempfile.TemporaryDirectory() as out:
        code = (
            "import resource, sys\n"
            "from w2l_studio.cli.main import main\n"
            "try: main(sys.argv[1:])\n"
            "finally:\n"
            "    used = resource.getrusage(resource.RUSAGE_SELF)\n"
            "    print(used.ru_utime + used.ru_stime, used.ru_maxrss)\n"
        )
        done = subprocess.run(
            [sys.executable, "-c", code, "dub", str(path), "--stem", str(stem), "--out", out],
            capture_output=True,
            text=True,
            check=True,
        )
        report = json.loads((Path(out) / "report.json").read_text(encoding="utf-8"))
    assert report["frames"]["synced"] > 0, report
    cpu_s, peak_kib = done.stdout.split()[-2:]
    return float(cpu_s), int(peak_kib) / 1024


if __name__ == "__main__":
    main()
