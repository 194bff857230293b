"""One loop for all trainers: steps, log, checkpoints, resume, measuring, early stop, a budget of time.

Knows no network; a step's chance depends on seed and step number alone, so a run that was killed and taken up
again takes the same steps as one that was not.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from training.run import feed
from training.run.journal import Journal
from training.run.machine import Machine
from training.run.progress import Progress, keep, taken_up
from w2l_studio import atomic
from w2l_studio.errors import UsageError
from w2l_studio.terms import FramesBGR

#: What a step reports: numbers, or tensors that hold one each.
Told = Mapping[str, float | Tensor]
#: Share of the old value in the running means of the log.
_MEMORY = 0.98
#: A loss this near to chance (in parts of it) after so many steps has learned nothing.
_AT_CHANCE, _PATIENT = 0.01, 500


@runtime_checkable
class Trainee(Protocol):
    """What is trained: where its batches come from, one step, and all state that a step changes."""

    @property
    def source(self) -> feed.Source:
        """What draws its batches."""
        ...

    def learn(self, number: int, steps: int, drawn: Any) -> Told:
        """Take step ``number`` of ``steps`` with what its source has drawn; return what to log."""
        ...

    def state_dict(self) -> dict[str, Any]:
        """Return everything that `learn` changes."""
        ...

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take it back."""
        ...


@runtime_checkable
class Measured(Protocol):
    """A trainee that can be measured on people that it does not learn from."""

    def measure(self) -> dict[str, float]:
        """Return figures, ``loss`` among them, which early stop watches; may throw switches."""
        ...


@runtime_checkable
class Shown(Protocol):
    """A trainee that draws pictures."""

    def sheet(self) -> FramesBGR:
        """Return samples side by side, ``uint8[H, W, 3]`` BGR."""
        ...


@dataclass(frozen=True, slots=True)
class Plan:
    """How long a run goes on and how often it does what.

    Args:
        steps: of the whole run; schedules are laid over it, so keep it when resuming.
        seed: with the step number, all chance comes from it; a resumed run keeps the one that it began with.
        measure_every: steps between measurements and sheets; 0 = none.
        patience: measurements without a better loss before the run stops; 0 = never.
        budget_minutes: the run ends after so long, with a checkpoint; None = no limit.
        workers: processes that draw batches ahead; 0 = this one draws them.
    """

    steps: int
    seed: int = 0
    save_every: int = 100
    log_every: int = 100
    measure_every: int = 0
    patience: int = 0
    budget_minutes: float | None = None
    workers: int = 0


def run(
    trainee: Trainee,
    folder: Path,
    *,
    machine: Machine | None = None,
    manifest: str | None = None,
    report: Callable[[str], None] = lambda line: print(line, flush=True),
    clock: Callable[[], float] = time.monotonic,
    **options: Any,
) -> dict[str, float]:
    """Train up to a step count, taking up the folder's checkpoint where there is one.

    Args:
        folder: for ``checkpoint.pt``, ``best.pt`` (as of the best measurement), ``log.jsonl``, sheets and
            curves.
        machine: what trains; default: this process alone.
        manifest: what is learned from, for ``manifest.tsv``; a run of another network keeps its own.
        clock: tells seconds.
        options: what `Plan` takes.

    Returns:
        Running means of what the steps reported.

    Raises:
        UsageError: the folder holds a run of another network or recipe, or measurements are asked for that
            the trainee does not make.
        OutputError: the folder cannot be written to; the last checkpoint stands.
        FloatingPointError: a step reported a number that is not finite; the last checkpoint stands. A GPU is
            asked for them with each line of the log, measurement and checkpoint only: it would wait for every
            answer before it began with the next step.
    """
    plan, machine = Plan(**options), machine or Machine()
    _check_measures(trainee, plan)
    with atomic.refusals(folder):
        folder.mkdir(parents=True, exist_ok=True)
    progress = taken_up(trainee, folder / "checkpoint.pt", plan.seed)
    if manifest is not None and machine.first:
        atomic.write_text(folder / "manifest.tsv", manifest)
    if progress.step and machine.first:
        none = f"; no step is left of {plan.steps}: give more --steps" if progress.step >= plan.steps else ""
        report(f"taken up at step {progress.step}{none}")
    ends = math.inf if plan.budget_minutes is None else clock() + 60 * plan.budget_minutes
    journal = Journal(folder, progress.step, report) if machine.first else nullcontext()
    unread: list[tuple[int, Told]] = []
    with journal as told:
        for drawn in _drawn(trainee, progress, plan):
            torch.manual_seed(progress.seed * 1_000_003 + progress.step)
            unread.append((progress.step, trainee.learn(progress.step, plan.steps, drawn)))
            progress.step += 1
            stopped = (
                bool(machine.agreed({"late": clock() >= ends})["late"]) if math.isfinite(ends) else False
            )
            measured = _due(progress.step, plan.measure_every, last=progress.step == plan.steps)
            if machine.device.type == "cpu" or measured or stopped or _read_out(progress.step, plan):
                _remember(progress, unread)
            if measured:
                stopped |= _measured(trainee, folder, progress, plan, machine, told)
            last = stopped or progress.step == plan.steps
            if told is not None and _due(progress.step, plan.log_every, last=last):
                told.numbers(progress.step, progress.means)
                _watch(trainee, progress, told)
            if machine.first and _due(progress.step, plan.save_every, last=last):
                keep(folder / "checkpoint.pt", trainee, progress)
            if last:
                break
    return progress.means


def _check_measures(trainee: Trainee, plan: Plan) -> None:
    if plan.patience and not plan.measure_every:
        raise UsageError("--patience counts measurements", hint="give --measure-every as well")
    if plan.measure_every and not isinstance(trainee, Measured):
        raise UsageError(
            "this network is not measured while it trains",
            hint="leave out --measure-every and --patience; `evaluate` measures what came of it",
        )


def _due(step: int, every: int, *, last: bool) -> bool:
    return every > 0 and (last or step % every == 0)


def _drawn(trainee: Trainee, progress: Progress, plan: Plan) -> Iterator[Any]:
    """Return the batches of the steps that are left: none where an earlier start ended by early stop."""
    if 0 < plan.patience <= progress.waited:
        return iter(())
    return feed.batches(trainee.source, progress.step, plan.steps, progress.seed, plan.workers)


def _read_out(step: int, plan: Plan) -> bool:
    return any(_due(step, every, last=step == plan.steps) for every in (plan.log_every, plan.save_every))


def _remember(progress: Progress, unread: list[tuple[int, Told]]) -> None:
    """Take what steps reported into the running means; nothing is left unread."""
    for step, told in unread:
        for name, reported in told.items():
            value = float(reported)
            if not math.isfinite(value):
                raise FloatingPointError(f"{name} is {value} at step {step}")
            progress.means[name] = progress.means.get(name, value) * _MEMORY + value * (1 - _MEMORY)
    unread.clear()


def _measured(
    trainee: Trainee, folder: Path, progress: Progress, plan: Plan, machine: Machine, journal: Journal | None
) -> bool:
    """Measure, and show where the trainee can; tell whether patience is at its end."""
    assert isinstance(trainee, Measured)
    if journal is not None and isinstance(trainee, Shown):
        journal.sheet(progress.step, trainee.sheet())
    figures = machine.agreed(trainee.measure())
    progress.waited = 0 if figures["loss"] < progress.best else progress.waited + 1
    progress.best = min(progress.best, figures["loss"])
    stopped = 0 < plan.patience <= progress.waited
    if journal is not None:
        journal.numbers(progress.step, figures, "heldout")
        if not progress.waited:
            keep(folder / "best.pt", trainee, progress)
        if stopped:
            journal.say(
                f"stopped: no better loss in {plan.patience} measurements; best.pt has {progress.best:.4f}"
            )
    return stopped


def _watch(trainee: Trainee, progress: Progress, journal: Journal) -> None:
    """Raise the alarm where the loss sits at what guessing gives."""
    guessing, loss = getattr(trainee, "guessing", None), progress.means.get("loss")
    if guessing is None or loss is None or progress.step < _PATIENT:
        return
    if abs(loss - guessing) < _AT_CHANCE * guessing:
        journal.say(
            f"ALARM: the loss sits at {guessing:.3f}, which guessing gives: run `python -m training check`, "
            "and see training/README.md, Stuck at chance"
        )


def one_cycle(number: int, steps: int, warm: float = 0.08, end: float = 0.01) -> float:
    """Return the factor of the learning rate: up in a straight line, down in a cosine.

    >>> [round(one_cycle(n, 100), 2) for n in (0, 7, 8, 99)]
    [0.12, 1.0, 1.0, 0.01]
    """
    rise = max(1, int(steps * warm))
    if number < rise:
        return (number + 1) / rise
    phase = (number - rise) / max(1, steps - 1 - rise)
    return end + (1 - end) * (1 + math.cos(math.pi * phase)) / 2
