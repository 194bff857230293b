"""What is said: Moonshine Tiny's whole recogniser, as its makers' npm package brings it.

English alone. Knows no phonemes and no times (`training.speech.aligned`).
"""

from __future__ import annotations

import base64
import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from w2l_studio.errors import WeightsError
from w2l_studio.terms import Floats
from w2l_studio.terms.sound import SAMPLE_RATE

_MODEL, _SCRIPT = Path("dist/model/tiny/quantized"), Path("dist/moonshine.min.js")
#: Of Moonshine Tiny: begin and end of a text, heads and numbers of a head in its caches.
_BEGIN, _END = 1, 2
_HEADS, _DEEP = 8, 36
#: English has hardly more tokens a second; more is a text that repeats itself.
_MOST_A_SECOND = 7.0
#: The vocabulary is the longest strings of base64 in the package's script; a token a line.
_BASE64 = re.compile(r"[A-Za-z0-9+/]{5000,}={0,2}")
_TOKENS = 32000
#: Begins a word.
_SPACE = "▁"


@dataclass(frozen=True, slots=True)
class Word:
    """A word as it was written, and how sure the recogniser was of its least sure token, 0..1."""

    text: str
    sure: float


class Recogniser:
    """Writes down English.

    Args:
        package: the unpacked npm package @moonshine-ai/moonshine-js (0.1.29).

    Raises:
        WeightsError: it is none.
    """

    def __init__(self, package: Path) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        try:
            self._tokens = vocabulary((package / _SCRIPT).read_text("utf-8"))
            self._encoder, self._decoder = (
                onnxruntime.InferenceSession(str(package / _MODEL / f"{name}.onnx"), options)
                for name in ("encoder_model", "decoder_model_merged")
            )
        except Exception as error:  # onnxruntime's errors share no base
            raise WeightsError(
                f"it is no package of Moonshine Tiny ({error})",
                hint="unpack npm @moonshine-ai/moonshine-js 0.1.29 and give its folder `package`",
                where=str(package),
            ) from error
        self._said = [one.name for one in self._decoder.get_outputs()]

    def __call__(self, samples: Floats) -> list[Word]:
        """Write down what is said, by the likeliest token each time.

        Args:
            samples: ``float32[S]`` at 16 kHz, some seconds.
        """
        (heard,) = self._encoder.run(None, {"input_values": samples[None]})
        none = np.zeros((1, _HEADS, 0, _DEEP), np.float32)
        kept = {name.replace("present", "past_key_values"): none for name in self._said[1:]}
        found: list[tuple[int, float]] = []
        token = _BEGIN
        for _ in range(int(len(samples) / SAMPLE_RATE * _MOST_A_SECOND)):
            logits, *caches = self._decoder.run(
                None,
                {
                    "input_ids": np.array([[token]]),
                    "encoder_hidden_states": heard,
                    "use_cache_branch": np.array([bool(found)]),
                    **kept,
                },
            )
            for name, cache in zip(self._said[1:], caches, strict=True):
                # Those of the encoder are told with the first token alone.
                if not found or ".decoder." in name:
                    kept[name.replace("present", "past_key_values")] = cache
            scores = logits[0, -1].astype(np.float64)
            token = int(scores.argmax())
            found.append((token, float(1 / np.exp(scores - scores.max()).sum())))
            if token == _END:
                break
        return words([(self._tokens[token], sure) for token, sure in found if _END < token < _TOKENS])


def vocabulary(script: str) -> list[str]:
    """Return the tokens that the package's script holds.

    Raises:
        ValueError: it holds none.
    """
    for text in _BASE64.findall(script):
        try:
            tokens = base64.b64decode(text).decode("utf-8").split("\n")
        except ValueError:
            continue
        if len(tokens) == _TOKENS:
            return tokens
    raise ValueError("no vocabulary in its script")


def words(tokens: list[tuple[str, float]]) -> list[Word]:
    """Join tokens to words: lower case, without marks; figures stay as they are.

    >>> words([("▁Well", 0.9), (",", 0.5), ("▁shop", 0.9), ("-", 0.8), ("boy", 0.7), (".", 0.9)])
    [Word(text='well', sure=0.9), Word(text='shop', sure=0.9), Word(text='boy', sure=0.7)]
    """
    found: list[tuple[str, float]] = []
    for token, sure in tokens:
        for letter in token.lower().replace("\u2019", "'"):
            if letter == _SPACE or letter == "-" or not found:
                found.append(("", 1.0))
            if letter.isalnum() or letter == "'":
                text, least = found[-1]
                found[-1] = (text + letter, min(least, sure))
    return [Word(bare, sure) for text, sure in found if (bare := text.strip("'"))]
