"""What is said anew: the recogniser's loop and words, the aligner on the example's own lines, the list."""

import base64
import ctypes.util
import itertools
import json
from pathlib import Path

import numpy as np
import pytest
import soundfile

from training.performers import sources
from training.performers.speech import TARGETS
from training.speech import aligned, recogniser, words
from w2l_studio.errors import UsageError, WeightsError
from w2l_studio.media.sound import read_mono

EXAMPLE = Path(__file__).resolve().parents[2] / "examples" / "two_voices"
#: The first line of the example; its phonemes end before the first pause.
LINE, PAUSE_S = ["you", "moved", "my", "cut", "by", "two", "frames"], 0.9


def _script(tokens: list[str]) -> str:
    filled = tokens + [f"<{i}>" for i in range(32000 - len(tokens))]
    text = base64.b64encode("\n".join(filled).encode()).decode()
    return f'const other="{"A" * 6000}";const vocabulary="{text}";'


def _decoder(following: dict[int, int]) -> bytes:
    """Return a model of two inputs' names and more whose next token hangs on the one before alone."""
    from onnx import TensorProto, helper, numpy_helper

    nexts = np.full(32000, 2, np.int64)
    for before, after in following.items():
        nexts[before] = after
    table = numpy_helper.from_array(nexts, "nexts")
    depth = numpy_helper.from_array(np.array(32768), "depth")
    height = numpy_helper.from_array(np.array([0.0, 20.0], np.float32), "height")
    caches = [f"{side}.{part}" for side in ("decoder", "encoder") for part in ("key", "value")]
    nodes = [
        helper.make_node("Gather", ["nexts", "input_ids"], ["next"]),
        helper.make_node("OneHot", ["next", "depth", "height"], ["logits"]),
        # What was kept before grows with each token, and the encoder's is what it was at first.
        helper.make_node("Cast", ["use_cache_branch"], ["used"], to=TensorProto.FLOAT),
    ]
    nodes += [
        helper.make_node("Add", [f"past_key_values.0.{name}", "used"], [f"present.0.{name}"])
        for name in caches
    ]
    shape = ["n", 8, "m", 36]
    graph = helper.make_graph(
        nodes,
        "decoder",
        [
            helper.make_tensor_value_info("input_ids", TensorProto.INT64, ["n", "m"]),
            helper.make_tensor_value_info("encoder_hidden_states", TensorProto.FLOAT, ["n", "t", 1]),
            helper.make_tensor_value_info("use_cache_branch", TensorProto.BOOL, [1]),
            *(
                helper.make_tensor_value_info(f"past_key_values.0.{name}", TensorProto.FLOAT, shape)
                for name in caches
            ),
        ],
        [
            helper.make_tensor_value_info("logits", TensorProto.FLOAT, ["n", "m", 32768]),
            *(
                helper.make_tensor_value_info(f"present.0.{name}", TensorProto.FLOAT, shape)
                for name in caches
            ),
        ],
        [table, depth, height],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    ).SerializeToString()


def _encoder() -> bytes:
    from onnx import TensorProto, helper, numpy_helper

    axis = numpy_helper.from_array(np.array([2]), "axis")
    graph = helper.make_graph(
        [helper.make_node("Unsqueeze", ["input_values", "axis"], ["last_hidden_state"])],
        "encoder",
        [helper.make_tensor_value_info("input_values", TensorProto.FLOAT, ["n", "s"])],
        [helper.make_tensor_value_info("last_hidden_state", TensorProto.FLOAT, ["n", "s", 1])],
        [axis],
    )
    return helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9
    ).SerializeToString()


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A package like Moonshine's, whose recogniser says one line whatever it hears."""
    model = tmp_path / "dist/model/tiny/quantized"
    model.mkdir(parents=True)
    tokens = ["<unk>", "<s>", "</s>", "▁My", "▁shop", "-", "boy", "'s", ",", "▁own", "."]
    (tmp_path / "dist/moonshine.min.js").write_text(_script(tokens), "utf-8")
    (model / "encoder_model.onnx").write_bytes(_encoder())
    order = [1, 3, 4, 5, 6, 7, 8, 9, 10, 2]
    (model / "decoder_model_merged.onnx").write_bytes(_decoder(dict(itertools.pairwise(order))))
    return tmp_path


def test_the_recogniser_says_what_its_decoder_does_until_it_ends(package):
    said = recogniser.Recogniser(package)(np.zeros(32000, np.float32))
    assert [word.text for word in said] == ["my", "shop", "boy's", "own"]
    assert all(word.sure > 0.99 for word in said)
    # A text has no more tokens than can be said in its time.
    cut = recogniser.Recogniser(package)(np.zeros(5000, np.float32))
    assert [word.text for word in cut] == ["my", "shop"]


def test_another_folder_is_refused_in_a_sentence(tmp_path):
    with pytest.raises(WeightsError, match="no package of Moonshine Tiny"):
        recogniser.Recogniser(tmp_path)


def test_a_script_without_vocabulary_has_none():
    with pytest.raises(ValueError, match="no vocabulary"):
        recogniser.vocabulary(f'a="{"QUJD" * 2000}"')


def test_a_word_is_as_sure_as_its_least_sure_token():
    assert recogniser.words([("▁mis", 0.9), ("taken", 0.4), ("!", 0.1)]) == [recogniser.Word("mistaken", 0.4)]


@pytest.mark.parametrize("late", [0.0, 0.37])
def test_the_aligner_finds_phonemes_where_the_synthesiser_put_them(late):
    pytest.importorskip("pocketsphinx", reason="no wheel of pocketsphinx for this Python")
    told = json.loads((EXAMPLE / "phones.json").read_text("utf-8"))["ANNA"]
    sound = read_mono(EXAMPLE / "media" / "production.flac")
    ends = next(i for i in range(1, len(told)) if told[i][1] - told[i - 1][2] > PAUSE_S)
    phones = told[:ends]
    begin, end = phones[0][1] - 0.3, phones[-1][2] + 0.3
    audio = np.pad(sound[int(begin * 16000) : int(end * 16000)], (int(late * 16000), 0))
    found = aligned.Aligner()(audio, LINE)
    assert found is not None
    assert [name for name, _, _ in found.words] == LINE
    assert {name for name, _, _ in found.phones} <= set(TARGETS)
    assert all(a[2] == b[1] for a, b in zip(found.phones, found.phones[1:], strict=False))
    assert all(a < b for _, a, b in found.phones)
    # Those that both call by one name, in order.
    true = [(name, a - begin + late) for name, a, _ in phones]
    mine = [(name, a) for name, a, _ in found.phones if name != "SIL"]
    apart = [min(abs(a - b) for other, b in true if other == name) for name, a in mine if name in dict(true)]
    assert np.median(apart) < 0.03
    assert np.quantile(apart, 0.8) < 0.08


def test_words_that_nobody_can_say_are_not_aligned():
    pytest.importorskip("pocketsphinx", reason="no wheel of pocketsphinx for this Python")
    silence = np.zeros(16000, np.float32)
    assert aligned.Aligner()(silence, ["qzxv"]) is None
    assert aligned.Aligner()(silence, []) is None


def test_a_word_gives_back_the_quiet_at_its_ends():
    told = [("so", [("S", 0.1, 0.5), ("OW", 0.5, 1.2)])]
    sound = np.random.default_rng(0).normal(0, 0.1, 24000).astype(np.float32)
    sound[: int(0.3 * 16000)] = sound[int(0.9 * 16000) :] = 0
    found = aligned._joined(told, sound)
    assert found.words == [("so", pytest.approx(0.3), pytest.approx(0.9))]
    assert [name for name, _, _ in found.phones] == ["SIL", "S", "OW", "SIL"]
    assert found.phones[-1][2] == 1.5


@pytest.mark.skipif(ctypes.util.find_library("espeak-ng") is None, reason="needs libespeak-ng1")
def test_words_of_no_dictionary_are_spelled_by_ear():
    from training.speech.invented import Speaker

    assert Speaker().spell("shoppy", "en-us") == ["SH", "AA", "P", "IY"]


def _row(name: str, **changes: object) -> dict[str, object]:
    row = {
        "id": name, "file": f"{name}.wav", "speaker": name, "licence": "CC0", "corpus": "none",
        "language": "en", "aligner": "align-asr", "conf": 0.6, "text": "old", "phones": [["AA", 0.0, 1.0]],
        "words": [["old", 0.0, 1.0, 0.3]],
    }  # fmt: skip
    return row | changes


def test_only_guessed_english_is_written_anew_and_performers_can_read_it(tmp_path):
    speech, out = tmp_path / "speech", tmp_path / "out"
    speech.mkdir()
    rows = [
        _row("guessed"), _row("trusted", aligner="align"), _row("german", language="de"), _row("lost"),
        _row("free", aligner="allphone"),
    ]  # fmt: skip
    for n, row in enumerate(rows):
        soundfile.write(speech / str(row["file"]), np.full(16000, n / 10), 16000)
    (speech / "speech.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    heard = [recogniser.Word("ma", 0.9), recogniser.Word("pa", 0.5)]
    found = aligned.Aligned(
        [("ma", 0.1, 0.4), ("pa", 0.4, 0.8)],
        [("SIL", 0.0, 0.1), ("M", 0.1, 0.2), ("AA", 0.2, 0.4), ("P", 0.4, 0.5), ("AA", 0.5, 0.8)],
    )
    asked = []

    def align(samples: np.ndarray, said: list[str]) -> aligned.Aligned | None:
        asked.append((round(float(samples.mean()), 2), tuple(said)))
        return None if len(asked) == 2 else found

    told = words.write(speech, out, lambda _: heard, align)
    assert told == words.Told(5, 3, 2)
    assert asked == [(level, ("ma", "pa")) for level in (0.0, 0.3, 0.4)]
    read = {one.name: one for one in sources.spoken(out)}
    assert read["guessed"].phones == found.phones
    assert read["guessed"].unsure == [(0.4, 0.8)]
    assert read["trusted"].phones == read["german"].phones == read["lost"].phones == [("AA", 0.0, 1.0)]
    assert "free" in read
    kept = json.loads((speech / "speech.jsonl").read_text("utf-8").splitlines()[0])
    assert kept == json.loads(json.dumps(rows[0]))


def test_an_interrupted_list_is_taken_up_where_it_was(tmp_path):
    speech, out = tmp_path / "speech", tmp_path / "out"
    speech.mkdir()
    rows = [_row(name) for name in ("one", "two", "three")]
    for n, row in enumerate(rows):
        soundfile.write(speech / str(row["file"]), np.full(16000, n / 10), 16000)
    (speech / "speech.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), "utf-8")
    found = aligned.Aligned([("ma", 0.1, 0.4)], [("M", 0.1, 0.2), ("AA", 0.2, 0.4)])
    asked: list[float] = []

    def recognise(samples: np.ndarray) -> list[recogniser.Word]:
        asked.append(round(float(samples.mean()), 2))
        if asked == [0.0, 0.1]:
            raise KeyboardInterrupt
        return [recogniser.Word("ma", 0.9)]

    with pytest.raises(KeyboardInterrupt):
        words.write(speech, out, recognise, lambda *_: found)
    assert not (out / "speech.jsonl").exists()
    (journal,) = out.iterdir()
    with journal.open("a") as cut_off:
        cut_off.write('["half a li')
    told = words.write(speech, out, recognise, lambda *_: found)
    assert told == words.Told(3, 3, 3)
    assert asked == [0.0, 0.1, 0.1, 0.2]
    assert [path.name for path in out.iterdir()] == ["speech.jsonl"]
    assert all(one.phones == found.phones for one in sources.spoken(out))


def test_a_folder_without_a_list_is_told(tmp_path):
    with pytest.raises(UsageError, match="cannot be read"):
        words.write(tmp_path, tmp_path / "out", lambda _: [], lambda *_: None)
