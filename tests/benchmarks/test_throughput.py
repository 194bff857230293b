"""The training benchmark: it counts the published work, and sets figures of one run against each other."""

import importlib.util
import sys
from pathlib import Path

import pytest

torch = pytest.importorskip("torch")

from training.packs.data import read_pack  # noqa: E402 - after the skip
from w2l_studio.nets.generator import Generator  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
spec = importlib.util.spec_from_file_location("benchmark_throughput", ROOT / "benchmarks" / "throughput.py")
bench = importlib.util.module_from_spec(spec)
sys.modules["benchmark_throughput"] = bench  # its dataclass looks its annotations up here
spec.loader.exec_module(bench)


def test_the_work_of_a_picture_is_the_published_one_and_backward_is_twice_that():
    with torch.device("meta"):
        net, sound, face = Generator(), torch.zeros(2, 1, 80, 16), torch.zeros(2, 6, 96, 96)
        forward = bench.flop_of(lambda: net(sound, face))
        both = bench.flop_of(lambda: net(sound, face).sum().backward())
    assert forward / 2 == pytest.approx(7.934e9, rel=0.01)
    assert both / forward == pytest.approx(3, rel=0.02)


def test_the_pack_of_noise_is_a_pack():
    with bench.noise() as folder:
        clips = read_pack([folder])
        assert len(bench.Sampler(clips).draw(bench.np.random.default_rng(0)).frames) == 60
    assert not folder.exists()


def test_a_step_is_set_against_the_matrix_rate_of_the_run():
    rates = {"fp32": 100e9, "bf16": 200e9}
    steps = [bench.Step(1.0, "bf16", 20, 300e9, 3.0), bench.Step(0.25, "fp32", 20, 50e9, 1.0)]
    told = bench.table(rates, steps, 1000.0)
    assert "| 1 | bf16 | 20 | 300 | 3 | 100 | 50% | 50% | 150.0 times as fast |" in told
    assert "| 0.25 | fp32 | 20 | 50 | 1 | 50 | 50% | 25% | 50.0 times as fast |" in told
    assert told.endswith("reached")
    assert told.startswith("matrix products of 2048x2048")
    assert bench.table(rates, steps, 1000.0, "cuda").startswith("matrix products of 8192x8192")
    slow = [bench.Step(1.0, "bf16", 20, 300e9, 4.0), bench.Step(0.25, "bf16", 20, 300e9, 1.0)]
    assert bench.table(rates, slow, 1.0).endswith("missed")


def test_it_runs_as_a_command(capsys):
    bench.main(["--width", "0.0625", "--pictures", "5", "--rounds", "1", "--device", "cpu"])
    rows = [line for line in capsys.readouterr().out.splitlines() if line.startswith("| 0.0625")]
    assert [row.split(" | ")[1] for row in rows] == ["fp32", "bf16"]
