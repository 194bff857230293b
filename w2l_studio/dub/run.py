"""Walks the plan: one take after the other, a shot's trouble reported, the edit patched at the end.

The only place that catches a take's errors; constructs nothing itself (`dub.wiring` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from w2l_studio import __version__
from w2l_studio.config import DubConfig, as_json
from w2l_studio.dub import facts, plan, report, sounds, take, workdir
from w2l_studio.dub.plan import DubPlan
from w2l_studio.dub.wiring import Studio, build, identify
from w2l_studio.dub.workdir import WorkDir
from w2l_studio.edit import patch, timeline
from w2l_studio.edit.segments import Refused
from w2l_studio.errors import Cancelled, MediaError, ShotError
from w2l_studio.events import (
    Advanced,
    JobFinished,
    PassedThrough,
    PlanReady,
    SegmentStarted,
    Sink,
    TakeReady,
    Warned,
)
from w2l_studio.media import provenance
from w2l_studio.terms import Passed, Segment, Slate, Stem, Take

#: Pictures are looked at for shots, for faces, for crops, and composited.
_PASSES = 4


def dub(path: Path, stem_options: Sequence[str], out: Path, config: DubConfig, emit: Sink) -> int:
    """Dub an edit.

    Args:
        path: the edit; never written to.
        stem_options: ``FILE`` or ``CHARACTER=FILE``.
        out: result folder.
        emit: takes the events; the last one is `JobFinished`.

    Returns:
        The exit code: 0, or 4 where something passed through and ``config.strict``.

    Raises:
        StudioError: the job cannot go on; finished takes are kept.
    """
    with WorkDir(out) as work:
        job = plan.make(path, stem_options, config, work.path / "bundle")
        emit(PlanReady(len(job.segments), job.frames, len(job.refused)))
        _announce(job, emit)
        takes, failed = Rendering(job, work, config, emit).all()
        return _deliver(job, takes, failed, work, config, emit)


def _announce(job: DubPlan, emit: Sink) -> None:
    """Say how the stems were placed and what will not be dubbed."""
    for stem in job.stems:
        at = timeline.timecode(job.edit, round(stem.first_sample_s * job.edit.rate))
        emit(Warned("stem-placed", f"{stem.path.name} begins at {at} ({stem.placed_by})"))
    for refused in job.refused:
        emit(_refusal(job, refused))


def _refusal(job: DubPlan, refused: Refused) -> PassedThrough:
    error = refused.error
    record = refused.mark.record
    return PassedThrough(
        "",
        refused.mark.id,
        timeline.timecode(job.edit, record.start),
        len(record),
        error.code,
        error.message,
        error.hint,
    )


@dataclass(slots=True)
class Rendering:
    """Makes the takes of a plan; holds the networks once they are needed, and how far it is."""

    job: DubPlan
    work: WorkDir
    config: DubConfig
    emit: Sink
    done: int = 0
    studio: Studio | None = None

    def all(self) -> tuple[list[Take], list[Refused]]:
        """Make every take that is missing or changed.

        Returns:
            The takes in the order of the edit, and the marks that went wrong.
        """
        sha256 = identify(self.config)
        takes: list[Take] = []
        failed: list[Refused] = []
        try:
            for segment in self.job.segments:
                try:
                    takes.append(self._one(segment, sha256))
                except (ShotError, MediaError) as error:
                    failed += [self._failed(segment, line.mark, error) for line in segment.lines]
        except KeyboardInterrupt as interrupt:
            raise Cancelled(f"interrupted; {len(takes)} finished takes are kept") from interrupt
        return [one for one in takes if any(one.synced)], failed + [
            refusal for one in takes if not any(one.synced) for refusal in _nothing_synced(one)
        ]

    def _failed(self, segment: Segment, mark: Any, error: ShotError | MediaError) -> Refused:
        shot_error = error if isinstance(error, ShotError) else _as_shot_error(error)
        refused = Refused(mark, segment.clip, shot_error)
        self.emit(_refusal(self.job, refused))
        return refused

    def _one(self, segment: Segment, sha256: dict[str, str]) -> Take:
        stems = tuple(self.job.stem(line) for line in segment.lines)
        key = take_key(segment, stems, self.config, sha256)
        slate = self._slate(segment, stems, key, sha256)
        at = timeline.timecode(self.job.edit, segment.clip.record.start)
        self.emit(SegmentStarted(segment.id, segment.clip.name, at, len(segment.render_range)))
        record = self.work.finished(key)
        if record is None:
            made = self._render(segment, stems, slate, key)
        else:
            made = facts.taken_up(segment, slate, self.work.path, record)
            self.done += len(segment.render_range) * _PASSES
        self._report(made, reused=record is not None)
        return made

    def _render(self, segment: Segment, stems: tuple[Stem, ...], slate: Slate, key: str) -> Take:
        if self.studio is None:
            self.studio = build(self.config)
        base = self.done
        tick = self._ticker(segment, base)
        performance = take.perform(segment, stems, self.job.edit.sounds, self.studio, self.config, tick)
        path = (
            self.work.media
            / f"{_safe(segment.clip.name)}.{self.job.lang}.{key[:8]}{self.studio.encoder.suffix}"
        )
        indices = range(len(segment.lines))
        soft = self.config.faces.soft_face_factor
        details = {"lines": [facts.of_line(segment, i, performance, self.studio, soft) for i in indices]}
        synced = tuple(facts.synced(segment, i, performance) for i in indices)
        if any(synced):
            take.render(segment, performance, self.studio, path, provenance.labels(slate), tick)
            self.work.finish(key, path, facts.record(synced, performance, details))
        self.done = base + len(segment.render_range) * _PASSES
        return Take(segment, path, slate, synced, performance.passed, details)

    def _ticker(self, segment: Segment, base: int) -> Any:
        total = self.job.frames * _PASSES
        ceiling = base + len(segment.render_range) * _PASSES

        def tick(stage: str) -> None:
            self.done = min(self.done + 1, ceiling)
            self.emit(Advanced(segment.id, stage, self.done, total))

        return tick

    def _slate(self, segment: Segment, stems: tuple[Stem, ...], key: str, sha256: dict[str, str]) -> Slate:
        return Slate(
            segment.id,
            key,
            __version__,
            self.config.mouths.weights,
            sha256["generator"],
            {stem.path.name: stem.sha256 for stem in stems},
            self.job.lang,
        )

    def _report(self, made: Take, *, reused: bool) -> None:
        synced = sum(made.synced)
        passed = 0
        at = timeline.timecode(self.job.edit, made.segment.clip.record.start)
        for line, reasons in zip(made.segment.lines, made.passed, strict=True):
            for why in reasons:
                passed += why.frames
                self.emit(
                    PassedThrough(
                        made.segment.id, line.mark.id, at, why.frames, why.code, why.message, why.hint
                    )
                )
        for details in made.details["lines"]:
            if details.get("warning"):
                self.emit(Warned("soft-face", f"{made.segment.clip.name}: {details['warning']}"))
        if synced:
            self.emit(TakeReady(made.segment.id, str(made.path), synced, passed, reused))


def take_key(segment: Segment, stems: Sequence[Stem], config: DubConfig, sha256: dict[str, str]) -> str:
    """Return the content key of a take: plate range, stem range, settings, weights, engine."""
    rate = segment.plate.rate
    handles = segment.render_range.start - segment.plate_range.start
    first_s = segment.record_start_s + handles / rate
    return workdir.key(
        {
            "engine": __version__,
            "plate": workdir.fingerprint(segment.plate.path),
            "range": as_json(segment.render_range),
            "lines": [
                {
                    "range": as_json(line.plate_range),
                    "settings": as_json(line.mark)
                    | {"id": "", "record": as_json(line.mark.record.shift(-segment.clip.record.start))},
                    "sound": sounds.digest(stem, first_s, segment.render_range),
                }
                for line, stem in zip(segment.lines, stems, strict=True)
            ],
            "faces": as_json(config.faces),
            "mouths": as_json(config.mouths),
            "composite": as_json(config.composite),
            "weights": sha256,
        }
    )


def _nothing_synced(made: Take) -> list[Refused]:
    refused = []
    for line, reasons in zip(made.segment.lines, made.passed, strict=True):
        why = reasons[0] if reasons else Passed(len(line.plate_range), "no-face", "no face was found")
        error = ShotError(why.message, hint=why.hint)
        error.code = why.code
        refused.append(Refused(line.mark, made.segment.clip, error))
    return refused


def _as_shot_error(error: MediaError) -> ShotError:
    shot_error = ShotError(error.message, hint=error.hint, where=error.where)
    shot_error.code = error.code
    return shot_error


def _safe(name: str) -> str:
    kept = "".join(c if c.isalnum() or c in "-_" else "_" for c in Path(name).stem)
    return kept[:60] or "clip"


def _deliver(
    job: DubPlan,
    takes: Sequence[Take],
    failed: Sequence[Refused],
    work: WorkDir,
    config: DubConfig,
    emit: Sink,
) -> int:
    """Write the patched edit and the report."""
    edit_path = work.path / f"{job.edit.path.stem}.{job.lang}.otio"
    patched = patch.apply(job.edit, takes, stems=job.stems, lang=job.lang, out_path=edit_path)
    with workdir.output_errors(edit_path):
        timeline.write(patched, edit_path)
    facts = {"detector": config.faces.detector, "weights": identify(config), "settings": as_json(config)}
    value = report.compose(job, takes, failed, facts)
    report_path = work.path / "report.json"
    workdir.write_json(report_path, value)
    synced, passed = value["frames"]["synced"], value["frames"]["passed"]
    code = 4 if passed and config.strict else 0
    emit(JobFinished(str(edit_path), str(report_path), int(synced), int(passed), code))
    return code
