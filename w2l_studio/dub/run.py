"""Walks the plan: one take after the other, a shot's trouble reported, the edit patched at the end.

Catches what goes wrong with a whole take; constructs nothing itself (`dub.wiring` does).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from w2l_studio import __version__, atomic
from w2l_studio.config import DubConfig, as_json
from w2l_studio.dub import facts, notices, page, plan, render, report, take, workdir
from w2l_studio.dub.identity import take_key
from w2l_studio.dub.plan import DubPlan
from w2l_studio.dub.scan import Tick
from w2l_studio.dub.spool import Spool
from w2l_studio.dub.take import Performance
from w2l_studio.dub.wiring import Studio, build, identify, seal
from w2l_studio.dub.workdir import WorkDir
from w2l_studio.edit import patch, resolve, segments, timeline, urls
from w2l_studio.edit.segments import Refused
from w2l_studio.errors import Cancelled, MediaError, ShotError, Skipped
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
from w2l_studio.media.credentials import Seal
from w2l_studio.nets.registry import Entry
from w2l_studio.terms import Mark, Passed, Segment, Slate, Stem, Take, sequence_of
from w2l_studio.timing import nearest_frame

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
    try:
        with WorkDir(out.absolute()) as work:
            job = plan.make(path.absolute(), stem_options, config, work.path / "bundle")
            for result, mark in _results(job, work).items():
                workdir.keep_foreign(result, mark)
            weights = identify(config)
            # Here, so that a certificate that does not sign is told before hours of work.
            signing = seal(config)
            emit(PlanReady(len(job.segments), job.frames, len(job.refused)))
            for notice in notices.of(job, config):
                emit(notice)
            for refused in job.refused:
                emit(_refusal(job, refused))
            takes, failed = Rendering(job, work, config, weights, signing, emit).all()
            return _deliver(job, takes, failed, work, config, weights, emit)
    except KeyboardInterrupt as interrupt:
        raise Cancelled("interrupted", hint="finished takes are kept; run again to go on") from interrupt


def _refusal(job: DubPlan, refused: Refused) -> PassedThrough:
    error, mark, media = refused.error, refused.mark, refused.clip and refused.clip.media
    # What is wrong with a plate's file names it; the report has the whole way to it.
    message = f"{media.name}: {error.message}" if media and error.where == str(media) else error.message
    return _passed(job, "", mark, Passed(len(mark.record), error.code, message, error.hint))


def _passed(job: DubPlan, segment_id: str, mark: Mark, why: Passed) -> PassedThrough:
    at = timeline.timecode(job.edit, mark.record.start)
    return PassedThrough(segment_id, mark.id, at, why.frames, why.code, why.message, why.hint)


@dataclass(slots=True)
class Rendering:
    """Makes the takes of a plan; holds the networks once they are needed, and how far it is.

    Args:
        weights: which networks the job uses, by kind.
        seal: signs takes; None = they are not signed.
        done: steps of the whole job that lie behind.
        end: those that will lie behind once the segment at work is done.
    """

    job: DubPlan
    work: WorkDir
    config: DubConfig
    weights: dict[str, Entry]
    seal: Seal | None
    emit: Sink
    done: int = 0
    end: int = 0
    studio: Studio | None = None

    def all(self) -> tuple[list[Take], list[Refused]]:
        """Make every take that is missing or changed.

        Returns:
            The takes in the order of the edit, and the marks that went wrong.
        """
        takes: list[Take] = []
        failed: list[Refused] = []
        for segment in self.job.segments:
            self.end = self.done + len(segment.render_range) * _PASSES
            try:
                takes.append(self._made(segment))
            except (ShotError, MediaError) as error:
                refused = [Refused(line.mark, segment.clip, error) for line in segment.lines]
                for one in refused:
                    self.emit(_refusal(self.job, one))
                failed += refused
            self.done = self.end
        return takes, failed

    def _made(self, segment: Segment) -> Take:
        """Make a take, without handles where these do not decode: the edit may end before the damage."""
        try:
            return self._one(segment)
        except MediaError as error:
            bare = segments.bare(segment)
            if bare.render_range == segment.render_range:
                raise
            take = self._one(bare)
            told = f"{segment.clip.name}: {error.message}, so its take has no handles"
            self.emit(Warned("handles-damaged", told, error.hint))
            return take

    def _one(self, segment: Segment) -> Take:
        stems = tuple(self.job.stem(line) for line in segment.lines)
        sha256 = {kind: entry.sha256 for kind, entry in self.weights.items()}
        key = take_key(segment, stems, self.job.production, self.config, sha256, self.job.lang)
        slate = self._slate(segment, stems, key)
        self.emit(self._started(segment))
        record = self.work.finished(key)
        if record is None:
            made = self._render(segment, stems, slate)
        else:
            made = facts.taken_up(segment, slate, self.work.path, record)
        self._report(made, reused=record is not None)
        return made

    def _started(self, segment: Segment) -> SegmentStarted:
        edit, clip = self.job.edit, segment.clip
        # A picture that lasts longer than a frame of the timeline may begin before its clip.
        first = max(nearest_frame(segment.record_start_s, edit.rate), clip.record.start)
        frames = len(segment.render_range)
        return SegmentStarted(segment.id, clip.name, timeline.timecode(edit, first), frames)

    def _render(self, segment: Segment, stems: tuple[Stem, ...], slate: Slate) -> Take:
        if self.studio is None:
            self.studio = build(self.config, self.weights)
        tick = self._ticker(segment)
        name = f"{workdir.file_name(segment.clip.name)}.{slate.lang}.{slate.key[:8]}"
        path = self.work.media / self.studio.encoder.name(name, segment.plate, segment.render_range)
        with Spool(self.work.path) as spool:
            performance = take.perform(
                segment, stems, self.job.production, self.studio, self.config, spool, tick
            )
            made = self._taken(segment, performance, slate, path)
            if any(made.synced):
                render.write(segment, performance, self.studio.encoder, path, provenance.labels(slate), tick)
                # `notices` has told that image sequences are not signed.
                if self.seal is not None and sequence_of(path) is None:
                    self.seal.sign(path, slate)
        self.work.finish(slate.key, path, facts.record(made))
        return made

    def _taken(self, segment: Segment, performance: Performance, slate: Slate, path: Path) -> Take:
        assert self.studio is not None
        indices = range(len(segment.lines))
        soft = self.config.faces.soft_face_factor
        details = {"lines": [facts.of_line(i, performance, self.studio, soft) for i in indices]}
        synced = tuple(facts.synced(i, performance) for i in indices)
        return Take(segment, path, slate, synced, performance.passed, details)

    def _ticker(self, segment: Segment) -> Tick:
        total = self.job.frames * _PASSES

        def tick(stage: str) -> None:
            self.done = min(self.done + 1, self.end)
            self.emit(Advanced(segment.id, stage, self.done, total))

        return tick

    def _slate(self, segment: Segment, stems: tuple[Stem, ...], key: str) -> Slate:
        generator = self.weights["generator"]
        sounds = {urls.as_text(stem.path.name): stem.sha256 for stem in stems}
        return Slate(
            segment.id,
            key,
            __version__,
            urls.as_text(generator.name),
            generator.sha256,
            sounds,
            self.job.lang,
        )

    def _report(self, made: Take, *, reused: bool) -> None:
        segment = made.segment
        for line, reasons in zip(segment.lines, made.passed, strict=True):
            for why in reasons:
                self.emit(_passed(self.job, segment.id, line.mark, why))
        for details in made.details["lines"]:
            if details.get("warning"):
                self.emit(Warned("soft-face", f"{segment.clip.name}: {details['warning']}"))
        if any(made.synced):
            passed = sum(why.frames for reasons in made.passed for why in reasons)
            self.emit(TakeReady(segment.id, str(made.path), sum(made.synced), passed, reused))


def _results(job: DubPlan, work: WorkDir) -> dict[Path, str]:
    """Return what is written beside the takes, and by which text of its own each is known for ours."""
    name = f"{job.edit.path.stem}.{job.lang}"
    edits = [f"{name}.otio", f"{name}.resolve.otio"] if resolve.wrote(job.edit.otio) else [f"{name}.otio"]
    reports = {".json": '"edit_sha256"', ".html": 'class="synthetic"'}
    return {
        **{work.path / edit: '"synthetic": true' for edit in edits},
        **{work.path / f"{name}.report{kind}": mark for kind, mark in reports.items()},
        **{work.path / f"report{kind}": mark for kind, mark in reports.items()},
    }


def _deliver(
    job: DubPlan,
    takes: Sequence[Take],
    failed: Sequence[Refused],
    work: WorkDir,
    config: DubConfig,
    weights: dict[str, Entry],
    emit: Sink,
) -> int:
    """Write the patched edit, the report and its page."""
    edit_path, *shaped_path, report_path, page_path, last_report, last_page = _results(job, work)
    dubbed = [made for made in takes if any(made.synced)]
    patched = patch.apply(job.edit, dubbed, stems=job.stems, lang=job.lang, out_path=edit_path)
    timeline.write(patched, edit_path)
    for shaped in shaped_path:
        timeline.write(resolve.importable(patched, job.lang, work.path), shaped)
    used = {
        "detector": weights["detector"].name,
        "weights": {kind: entry.sha256 for kind, entry in weights.items()},
        "certificate": atomic.sha256(config.sign.certificate) if config.sign else None,
        "settings": as_json(replace(config, sign=None)),
    }
    value = report.compose(job, takes, failed, used)
    workdir.write_json(report_path, value)
    page.write(report_path, page_path)
    # Whoever knows no edit and no language finds the folder's last dub.
    for own, last in ((report_path, last_report), (page_path, last_page)):
        atomic.write_text(last, own.read_text(encoding="utf-8"))
    synced, passed = value["frames"]["synced"], value["frames"]["passed"]
    # A cue beyond the timeline passes through without a frame of its own.
    missing = any(why["code"] != Skipped.code for entry in value["ranges"] for why in entry["passed"])
    code = 4 if config.strict and missing else 0
    emit(JobFinished(str(edit_path), str(report_path), int(synced), int(passed), code))
    return code
