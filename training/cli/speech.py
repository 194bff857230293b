"""Training from speech alone: the network from sound to face units, and a generator's ears."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from training.cli.run import ELSEWHERE, FOLDER, Number, plain_name
from w2l_studio import atomic
from w2l_studio.config import LipsConfig
from w2l_studio.errors import UsageError

if TYPE_CHECKING:
    from training.performers.act import Source
    from training.speech.lessons import Lesson, Lessons

_EXISTING = click.Path(path_type=Path, file_okay=False, exists=True)
_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)
_F = TypeVar("_F", bound=Callable[..., None])


def _speech_options(command: _F) -> _F:
    options = (
        click.option(
            "--speech", type=_EXISTING, multiple=True, required=True, help="As for performers; repeatable."
        ),
        click.option(
            "--language", "languages", multiple=True, default=("en", "de"), help="Only these are learned."
        ),
        click.option("--captures", type=_EXISTING, help="As for performers; needs --clips."),
        click.option("--clips", type=_EXISTING, help="The captured clips, a folder per speaker."),
        click.option("--out", type=FOLDER, required=True, help="For checkpoint and log."),
        click.option("--steps", type=click.IntRange(1), required=True, help="Of the whole run."),
        click.option("--seed", type=click.IntRange(0), default=0),
        click.option("--threads", type=click.IntRange(1), default=1, help="For the network."),
        click.option(
            "--workers", type=click.IntRange(0), default=0, help="Processes that draw batches ahead."
        ),
        click.option("--device", type=click.Choice(["auto", "cpu", "cuda"]), default="auto"),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command()
@_speech_options
@click.option("--moonshine", type=_FILE, help="Its encoder_model.onnx; default: as in w2l-lips.")
@click.option("--start", help="Go on from these weights, gentler: a name or a file.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="bf16")
def lips(
    out: Path,
    steps: int,
    seed: int,
    threads: int,
    moonshine: Path | None,
    start: str | None,
    workers: int,
    device: str,
    precision: str,
    **where: Any,
) -> None:
    """Train the network from sound to face units."""
    import torch

    from training.run import loop, machine
    from training.speech import lessons
    from training.speech import moonshine as model
    from training.speech.lips import LipsTrainee
    from w2l_studio.nets import weights

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    shipped = weights.find("w2l-lips", "lips").path
    ear = model.network(moonshine) if moonshine else weights.load_lips(shipped).ear
    learned = weights.load_lips(weights.find(start, "lips").path) if start else None
    found = lessons.with_other_voices(_sources(**where), seed)
    with machine.started(device, precision) as here:
        heard = lessons.lessons(found, ear.to(here.device))
        trainee = LipsTrainee(_taught(heard), ear, here, learned)
        noted = lessons.manifest(heard)
        loop.run(trainee, out, machine=here, manifest=noted, steps=steps, seed=seed, workers=workers)


@click.command()
@click.argument("folder", type=FOLDER)
@click.option("--utterances", type=click.IntRange(1), default=800, help="Of about three seconds.")
@click.option("--seed", type=click.IntRange(0), default=0)
def invented(folder: Path, utterances: int, seed: int) -> None:
    """Speak invented words in many languages and voices into FOLDER, for --speech; needs eSpeak NG."""
    from training.speech.invented import write

    with atomic.refusals(folder, ELSEWHERE):
        seconds = write(folder, utterances, seed)
    click.echo(f"{utterances} utterances, {seconds / 60:.0f} minutes")


@click.command()
@click.argument("speech", type=_EXISTING)
@click.argument("out", type=FOLDER)
@click.option("--moonshine", type=_EXISTING, required=True, help="The npm package, unpacked.")
def words(speech: Path, out: Path, moonshine: Path) -> None:
    """Write down anew what SPEECH's utterances say whose words are guessed; OUT is the list for --speech.

    English alone; needs PocketSphinx and eSpeak NG.
    """
    from training.performers.sources import read_list
    from training.speech.aligned import Aligner
    from training.speech.invented import Speaker
    from training.speech.recogniser import Recogniser
    from training.speech.words import write

    recogniser, speaker = Recogniser(moonshine), Speaker()
    aligner = Aligner(lambda word: speaker.spell(word, "en-us"))
    bar = click.progressbar(length=len(read_list(speech)), label="utterances")
    with atomic.refusals(out, ELSEWHERE), bar:
        told = write(speech, out, recogniser, aligner, lambda: bar.update(1))
    click.echo(f"{told.utterances} utterances, {told.guessed} of guessed words, {told.anew} of them anew")


@click.command()
@_speech_options
@click.option(
    "--width", type=Number(0, min_open=True), default=0.375, help="Channel multiplier of the generator."
)
@click.option("--start", help="Begin with the ears of these weights: a name or a file.")
@click.option("--precision", type=click.Choice(["auto", "fp32", "bf16"]), default="auto")
def ears(
    out: Path,
    steps: int,
    seed: int,
    threads: int,
    width: float,
    start: str | None,
    workers: int,
    device: str,
    precision: str,
    **where: Any,
) -> None:
    """Train the audio encoder of a generator: what speech does to lips."""
    import torch

    from training.generators.ears import EarsTrainee
    from training.generators.recipe import Recipe
    from training.run import loop, machine
    from training.speech import lessons
    from w2l_studio.nets import weights

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    heard = lessons.lessons(_sources(**where))
    taught = _taught(heard)
    learned = weights.load_generator(weights.find(start, "generator").path)[0] if start else None
    with machine.started(device, precision) as here:
        trainee = EarsTrainee(taught, Recipe(width=width), learned, here)
        noted = lessons.manifest(heard)
        loop.run(trainee, out, machine=here, manifest=noted, steps=steps, seed=seed, workers=workers)


@click.command()
@click.argument("generator")
@_speech_options
@click.option(
    "--lips", "through", default=LipsConfig().weights, help="What it hears through: a name or a file."
)
@click.option("--name", default="listening", callback=plain_name, help="Of the generator's new file.")
def listen(
    generator: str,
    out: Path,
    steps: int,
    seed: int,
    threads: int,
    workers: int,
    device: str,
    through: str,
    name: str,
    **where: Any,
) -> None:
    """Let GENERATOR (a name or a file) hear through the network from sound to face units."""
    import torch

    from training.packs.data import Entry, manifest
    from training.run import checkpoint, loop, machine
    from training.speech import listener as hearing
    from w2l_studio.nets import weights

    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    net, meta = weights.load_generator(weights.find(generator, "generator").path)
    ears = weights.find(through, "lips")
    heard = _sources(**where)
    before, after = weights.load_ear(meta, Path(generator)), weights.load_lips(ears.path)
    found = list(hearing.lessons(heard, net, before, after, meta.lead_ms, seed))
    noted = manifest(
        {Entry("listen", one.name, one.speaker, "train", one.licence, one.name) for one in heard}
    )
    with machine.started(device) as here:
        trainee = hearing.ListenerTrainee(found, net, here)
        loop.run(trainee, out, machine=here, manifest=noted, steps=steps, seed=seed, workers=workers)
    learned = checkpoint.load(out / "checkpoint.pt")["trainee"]["net"]
    path = out / f"{name}.safetensors"
    weights.save(hearing.listening(net, learned), path, replace(meta, listens=ears.sha256))
    click.echo(f"{path}: {generator} hears through {ears.name} ({ears.sha256[:12]})")


def _sources(
    speech: tuple[Path, ...], languages: tuple[str, ...], captures: Path | None, clips: Path | None
) -> list[Source]:
    """Read what may be learned from."""
    from training.performers import sources

    if bool(captures) != bool(clips):
        raise UsageError("captures need the clips that they were made of", hint="give both or neither")
    found = [one for folder in speech for one in sources.spoken(folder, languages)]
    found += sources.captured(captures, clips) if captures and clips else []
    return [one for one in found if one.split == "train"]


def _taught(heard: list[Lesson]) -> Lessons:
    """Tell how much is learned from, and return what draws from it."""
    from training.speech import lessons

    taught = lessons.Lessons(heard)
    click.echo(f"{len(heard)} lessons of {len({one.speaker for one in heard})} voices")
    return taught
