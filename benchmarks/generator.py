"""Generator speed: the published loop's way against `mouths.wav2lip`, same network, same machine, in turns.

Prints a markdown table. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch

from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.generator import Generator
from w2l_studio.terms import Crops, FramesBGR, Voice

PUBLISHED_BATCH = 128


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--frames", type=int, default=256, help="pictures per round (published way: batch 128)"
    )
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    crops, references, voice = _inputs(options.frames)
    ways = _ways(options.device)
    seconds: dict[str, list[float]] = {name: [] for name in ways}
    for way in ways.values():
        way(crops[:PUBLISHED_BATCH], references[:PUBLISHED_BATCH], voice[:PUBLISHED_BATCH])
    # On a processor that others use too, its own time says more than the wall's.
    clock = time.perf_counter if options.device == "cuda" else time.process_time
    for _ in range(options.rounds):
        for name, way in ways.items():
            begin = clock()
            way(crops, references, voice)
            seconds[name].append(clock() - begin)
    _report(seconds, options.frames, options.threads, options.device)


Way = Callable[[FramesBGR, FramesBGR, np.ndarray], object]


def _ways(device: str) -> dict[str, Way]:
    torch.manual_seed(0)
    net = Generator().eval()
    ways: dict[str, Way] = {
        f"published way (fp32, unfused, NCHW, batch {PUBLISHED_BATCH})": _published(net, device)
    }
    for precision in ("fp32", "bf16"):
        generator = Wav2Lip(net, name="speed", lead_ms=0, precision=precision, device=device)
        ways[f"W2L Studio, {precision} (fused, channels-last, lower-half decode)"] = _ours(generator)
    return ways


def _published(net: Generator, device: str) -> Way:
    """Return the loop of inference.py: assemble in numpy, whole faces, uint8 by truncation."""
    net = net.to(device)

    @torch.inference_mode()
    def way(crops: FramesBGR, references: FramesBGR, windows: np.ndarray) -> None:
        for start in range(0, len(crops), PUBLISHED_BATCH):
            part = slice(start, start + PUBLISHED_BATCH)
            masked = crops[part].copy()
            masked[:, 48:] = 0
            both = np.concatenate((masked, references[part]), axis=3) / 255.0
            face = torch.FloatTensor(np.transpose(both, (0, 3, 1, 2))).to(device)
            mel = torch.FloatTensor(windows[part][:, None]).to(device)
            drawn = net(mel, face)
            (drawn.cpu().numpy().transpose(0, 2, 3, 1) * 255.0).astype(np.uint8)

    return way


def _ours(generator: Wav2Lip) -> Way:
    def way(crops: FramesBGR, references: FramesBGR, windows: np.ndarray) -> None:
        count = len(crops)
        maps = np.zeros((count, 2, 3))
        generator.speak(Crops(crops, maps), references, Voice(windows, np.ones(count, np.bool_)))

    return way


def _inputs(count: int) -> tuple[FramesBGR, FramesBGR, np.ndarray]:
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (count, 96, 96, 3), np.uint8)
    references = random.integers(0, 256, (count, 96, 96, 3), np.uint8)
    return crops, references, random.uniform(-4, 4, (count, 80, 16)).astype(np.float32)


def _report(seconds: dict[str, list[float]], frames: int, threads: int, device: str) -> None:
    where = torch.cuda.get_device_name() if device == "cuda" else f"{_cpu()}, {threads} threads"
    print(f"{where}; torch {torch.__version__}; {frames} pictures a round, rounds in turns, medians\n")
    unit = "second" if device == "cuda" else "CPU second"
    print(f"| way | pictures a {unit} | slowest .. quickest round | times the published way |")
    print("|---|---|---|---|")
    base = statistics.median(next(iter(seconds.values())))
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        spread = f"{frames / max(taken):.1f} .. {frames / min(taken):.1f}"
        print(f"| {name} | {frames / middle:.1f} | {spread} | {base / middle:.1f} |")


def _cpu() -> str:
    name = platform.processor() or platform.machine()
    if hasattr(torch.cpu, "get_capabilities"):
        abilities = torch.cpu.get_capabilities()
        have = [key for key in ("avx512_f", "avx512_bf16", "amx_bf16") if abilities.get(key)]
        name = f"{abilities.get('cpu_name', name)} ({', '.join(have)})"
    return name


if __name__ == "__main__":
    main()
