"""One frame through the published inference path, against `mouths` (README.md: paste.npz)."""

import zlib

import cv2
import numpy as np
import torch

from w2l_studio.mouths.wav2lip import Wav2Lip, assemble
from w2l_studio.nets.generator import Generator
from w2l_studio.sound import mel
from w2l_studio.terms import Crops, Voice


def test_generator_in_use(rule):
    wanted = rule.arrays("paste")
    net = rule.filled(Generator(), "generator")
    frame = np.floor(127.5 + 127.5 * rule.blk("paste.frame", (3, 480, 640))).astype(np.uint8)
    frame = np.ascontiguousarray(frame.transpose(1, 2, 0))
    assert zlib.crc32(frame.tobytes()) == int(np.ravel(wanted["frame_crc32"])[0])
    crop = cv2.resize(frame[120:370, 220:420], (96, 96))
    assert np.abs(crop.astype(int) - wanted["crop96"]).max() <= 1
    crop = wanted["crop96"][None]
    sound = mel.spectrogram(rule.arrays("mel")["pcm"].astype(np.float32) / 32768)
    window = np.ascontiguousarray(sound[None, :, 32:48])

    face = assemble(torch.from_numpy(crop), torch.from_numpy(crop))
    drawn = net(torch.from_numpy(window)[:, None], face)
    assert np.abs(drawn.numpy() - wanted["pred"]).max() < 1e-4

    generator = Wav2Lip(net, name="published", lead_ms=0, precision="fp32", device="cpu")
    mouths = generator.speak(Crops(crop, np.zeros((1, 2, 3))), crop, Voice(window, np.ones(1, bool)))
    assert np.array_equal(mouths[:, :48], crop[:, :48])
    levels = 255 * wanted["pred"].transpose(0, 2, 3, 1)
    assert np.abs(mouths[:, 48:] - levels[:, 48:]).max() <= 0.5 + 255e-4
