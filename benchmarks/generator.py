"""Generator speed: the published loop's way against `mouths.wav2lip`, same network, same machine, in turns.

Prints a markdown table, with the rate of matrix products in the same run as the roof of what a network can do
there. Weights are random: speed does not depend on them.
"""

from __future__ import annotations

import argparse
import platform
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from w2l_studio.mouths.wav2lip import Wav2Lip
from w2l_studio.nets.generator import Generator
from w2l_studio.terms import Crops, FramesBGR, Voice

PUBLISHED_BATCH = 128
_SIDE = 2048


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
    products = {precision: _product(precision, options.device) for precision in ("fp32", "bf16")}
    seconds: dict[str, list[float]] = {name: [] for name in (*ways, *products)}
    work = {
        name: flop_of(lambda way=way: way(crops[:16], references[:16], voice[:16])) / 16
        for name, way in ways.items()
    }
    # On a processor that others use too, its own time says more than the wall's.
    clock = time.perf_counter if options.device == "cuda" else time.process_time
    for turn in range(options.rounds + 1):
        for name, way in ways.items():
            begin = clock()
            way(crops, references, voice)
            seconds[name] += [clock() - begin] * (turn > 0)
        for name, product in products.items():
            begin = clock()
            product()
            seconds[name] += [clock() - begin] * (turn > 0)
    rates = {name: 2 * _SIDE**3 / statistics.median(seconds.pop(name)) for name in products}
    _report(seconds, work, rates, options.frames, f"{_where(options.device)}, {options.threads} threads")


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


def _product(precision: str, device: str) -> Callable[[], object]:
    """Return a large matrix product, whose rate no network of convolutions goes much beyond."""
    kind = torch.bfloat16 if precision == "bf16" else torch.float32
    left, right = (torch.randn(_SIDE, _SIDE, device=device).to(kind) for _ in range(2))

    def product() -> None:
        (left @ right).sum().item()

    return product


def flop_of(call: Callable[[], object]) -> int:
    """Count the FLOP of a call: products and convolutions, both ways; a multiply and add counts 2."""
    with FlopCounterMode(display=False) as counter:
        call()
    return int(counter.get_total_flops())


def _inputs(count: int) -> tuple[FramesBGR, FramesBGR, np.ndarray]:
    random = np.random.default_rng(0)
    crops = random.integers(0, 256, (count, 96, 96, 3), np.uint8)
    references = random.integers(0, 256, (count, 96, 96, 3), np.uint8)
    return crops, references, random.uniform(-4, 4, (count, 80, 16)).astype(np.float32)


def _report(
    seconds: dict[str, list[float]], work: dict[str, float], rates: dict[str, float], frames: int, where: str
) -> None:
    print(f"{where}; torch {torch.__version__}; {frames} pictures a round, rounds in turns, medians.")
    print(
        "Matrix products: "
        + ", ".join(f"{rate / 1e9:.0f} GFLOP/s in {name}" for name, rate in rates.items())
        + ".\n"
    )
    columns = ("way", "pictures a second", "slowest .. quickest", "times the published way")
    columns += ("GFLOP a picture", "of the matrix rate")
    print("| " + " | ".join(columns) + " |")
    print("|---" * len(columns) + "|")
    base = statistics.median(next(iter(seconds.values())))
    for name, taken in seconds.items():
        middle = statistics.median(taken)
        spread = f"{frames / max(taken):.1f} .. {frames / min(taken):.1f}"
        share = work[name] * frames / middle / rates["bf16" if "bf16" in name else "fp32"]
        speed = f"{frames / middle:.1f} | {spread} | {base / middle:.1f}"
        print(f"| {name} | {speed} | {work[name] / 1e9:.1f} | {share:.0%} |")


def _where(device: str) -> str:
    return torch.cuda.get_device_name() if device == "cuda" else _cpu()


def _cpu() -> str:
    name = platform.processor() or platform.machine()
    if hasattr(torch.cpu, "get_capabilities"):
        abilities = torch.cpu.get_capabilities()
        have = [key for key in ("avx512_f", "avx512_bf16", "amx_bf16") if abilities.get(key)]
        name = f"{abilities.get('cpu_name', name)} ({', '.join(have)})"
    return name


if __name__ == "__main__":
    main()
