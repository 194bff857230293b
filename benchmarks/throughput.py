"""How near training comes to what the machine can multiply, and whether the loader keeps up.

A step of the paper's generator is set against the rate of matrix products in the same run.

    python benchmarks/throughput.py [--pack DIR] [--width 1 --width 0.25] [--pictures 20] [--device cuda]
                                    [--precision bf16] [--compile [MODE]]

Prints markdown tables. Without a pack the loader reads noise of the same size from a temporary one.
"""

from __future__ import annotations

import argparse
import json
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path

import numpy as np
import torch

from benchmarks.generator import flop_of
from training.packs.data import FRAME_PX, Sampler, read_pack
from training.paper import recipes
from training.paper.faces import Faces, FaceSource
from training.paper.generator import PaperTrainee
from training.run import feed
from training.run.machine import Machine, started
from w2l_studio.terms.sound import SAMPLES_PER_FRAME

PRECISIONS = ("fp32", "bf16")
#: Share of the bf16 matrix rate that a step shall reach.
GOAL = 0.4
#: Sides of the matrices: on a GPU small ones are over before all of it is at work.
_SIDES = {"cpu": 2048, "cuda": 8192}
#: Steps that follow each other before the clock is read. A GPU is handed the next step while it is at the
#: last one, as in training.
_TOGETHER = {"cpu": 1, "cuda": 8}
_NOISE = (4, 60)
#: The paper's 80 do not keep a GPU busy.
_PICTURES = {"cpu": [20], "cuda": [80, 320]}


@dataclass(frozen=True, slots=True)
class Step:
    """What a step took.

    Args:
        flop: of forward and backward pass; a multiplication with its addition counts 2.
    """

    width: float
    precision: str
    pictures: int
    flop: int
    seconds: float

    @property
    def rate(self) -> float:
        """FLOP a second."""
        return self.flop / self.seconds


def matrix_rate(machine: Machine, precision: str, rounds: int) -> float:
    """Return the FLOP a second of a large matrix product; fp32 as `started` sets it, TF32 on GPUs."""
    side = _SIDES[machine.device.type]
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.randn(side, side, device=machine.device).to(kind) for _ in range(2))
    return 2 * side**3 / quickest(lambda: left @ right, machine, rounds)


def step(machine: Machine, width: float, source: FaceSource, rounds: int, compiled: str = "") -> Step:
    """Measure a step of L1 alone, as the paper's recipe begins: forward, backward, Adam.

    Args:
        compiled: mode of ``torch.compile``, "" = not compiled.
    """
    recipe = replace(source.recipe, width=width)
    # The trainee measures on nothing here, but wants clips to do so.
    clips = [source.sampler.draw(np.random.default_rng(0))]
    trainee = PaperTrainee(source.sampler, clips, recipe, machine=machine)
    batch = Faces(*(pinned(part, machine) for part in source.draw(0, 1, feed.chance(0, 0))))

    def learn() -> object:
        return trainee.learn(0, 1, batch)

    # Counted first: what is compiled goes past the counter.
    flop = flop_of(learn)
    if compiled:
        trainee.net.compile(mode=compiled)
    seconds = quickest(learn, machine, rounds)
    return Step(width, "bf16" if machine.reduced else "fp32", len(batch.target), flop, seconds)


def pinned(part: torch.Tensor, machine: Machine) -> torch.Tensor:
    """Return a tensor as `feed` hands it on: where a GPU can fetch it without the processor."""
    return part.pin_memory() if machine.device.type == "cuda" else part


def drawn(source: FaceSource, rounds: int) -> float:
    """Return the pictures that one process draws a second."""
    seconds, count = [], 0
    for number in range(rounds + 1):
        begin = time.process_time()
        batch: Faces = source.draw(number, rounds, feed.chance(0, number))
        seconds.append(time.process_time() - begin)
        count = len(batch.target)
    # The first one reads the files.
    return count / min(seconds[1:])


def quickest(call: Callable[[], object], machine: Machine, rounds: int) -> float:
    """Return the seconds of a call in the quickest of some rounds after a first one.

    On a processor that others use too, its own time says more than the wall's.
    """
    on_gpu, together = machine.device.type == "cuda", _TOGETHER[machine.device.type]
    clock = time.perf_counter if on_gpu else time.process_time
    seconds = []
    for _ in range(rounds + 1):
        begin = clock()
        for _ in range(together):
            call()
        if on_gpu:
            torch.cuda.synchronize()
        seconds.append((clock() - begin) / together)
    return min(seconds[1:])


def table(rates: dict[str, float], steps: Sequence[Step], loader: float, device: str = "cpu") -> str:
    """Return the figures as markdown."""
    side = _SIDES[device]
    lines = [f"matrix products of {side}x{side}, GFLOP/s: "]
    lines[0] += ", ".join(f"{name} {rate / 1e9:.0f}" for name, rate in rates.items())
    lines += [
        "",
        "| width | precision | pictures | GFLOP a step | s a step | GFLOP/s "
        "| of its own matrix rate | of bf16's | loader draws |",
        "|---|---|---|---|---|---|---|---|---|",
    ]
    for one in steps:
        own, of_bf16 = one.rate / rates[one.precision], one.rate / rates["bf16"]
        lines.append(
            f"| {one.width:g} | {one.precision} | {one.pictures} | {one.flop / 1e9:.0f} | {one.seconds:.3g} "
            f"| {one.rate / 1e9:.0f} | {own:.0%} | {of_bf16:.0%} "
            f"| {loader * one.seconds / one.pictures:.1f} times as fast |"
        )
    best = max(one.rate for one in steps if one.width == max(step.width for step in steps)) / rates["bf16"]
    lines.append(
        f"\ngoal {GOAL:.0%} of bf16's at the largest width: {'reached' if best >= GOAL else 'missed'}"
    )
    return "\n".join(lines)


@contextmanager
def noise() -> Iterator[Path]:
    """Write a pack of noise, in the sizes of a real one."""
    clips, frames = _NOISE
    random = np.random.default_rng(0)
    with tempfile.TemporaryDirectory() as folder:
        for number in range(clips):
            clip = Path(folder) / f"clip{number}"
            clip.mkdir()
            np.save(
                clip / "frames.npy", random.integers(0, 256, (frames, FRAME_PX, FRAME_PX, 3), dtype=np.uint8)
            )
            np.save(clip / "audio.npy", random.normal(0, 0.1, frames * SAMPLES_PER_FRAME).astype(np.float32))
            told = {"speaker": f"p{number}", "split": "train", "licence": "CC0"}
            (clip / "meta.json").write_text(json.dumps(told), encoding="utf-8")
        yield Path(folder)


def measure(packs: Sequence[Path], options: argparse.Namespace) -> str:
    sampler = Sampler(read_pack(packs))
    rates, steps, loader, device = {}, [], 0.0, ""
    for precision in PRECISIONS:
        with started(options.device, precision) as machine:
            rates[precision], device = matrix_rate(machine, precision, options.rounds), machine.device.type
    pictures = options.pictures or _PICTURES[device]
    for width, count, precision in product(options.width, pictures, options.precision or PRECISIONS):
        recipe = replace(recipes.wav2lip(), sync=0.0, windows=count // 5)
        with started(options.device, precision) as machine:
            source = FaceSource(sampler, recipe, machine)
            loader = loader or drawn(source, options.rounds)
            steps.append(step(machine, width, source, options.rounds, options.compile))
    return table(rates, steps, loader, device)


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pack", type=Path, action="append")
    parser.add_argument("--width", type=float, action="append")
    parser.add_argument(
        "--pictures",
        type=int,
        action="append",
        help="a step: 20 on a CPU, 80 and 320 on a GPU; the paper's 80 need 5 GB at width 1",
    )
    parser.add_argument("--precision", choices=PRECISIONS, action="append")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument(
        "--compile", nargs="?", const="default", default="", help="torch.compile, and its mode"
    )
    options = parser.parse_args(arguments)
    options.width = options.width or [1.0, 0.25]
    torch.set_num_threads(options.threads)
    if options.pack:
        print(measure(options.pack, options))
    else:
        with noise() as folder:
            print(measure([folder], options))


if __name__ == "__main__":
    main()
