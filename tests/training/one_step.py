"""One step of two trainees on a pack, as every process of a joint run takes it; started by test_machine.py.

Writes gradients and running statistics of the first process into a file.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from training import machine
from training.data import Sampler, read_pack
from training.paper import recipes
from training.paper.expert import PairTrainee
from training.paper.generator import PaperTrainee
from w2l_studio.nets.expert import Expert


def taken(pack, here):
    """Return what one step leaves in the networks."""
    clips = read_pack([pack])
    sampler, unseen = Sampler(clips), [clip for clip in clips if clip.split == "unseen"]
    torch.manual_seed(0)
    pairs = PairTrainee(sampler, replace(recipes.expert(width=0.0625), pairs=16, contrast=0.0), here)
    recipe = replace(recipes.wav2lip_gan(0.0625), windows=4, norms="batch")
    faces = PaperTrainee(sampler, unseen, recipe, Expert(0.0625), machine=here)
    faces.switched = True
    left = {}
    for name, trainee in (("pairs", pairs), ("faces", faces)):
        drawn = trainee.source.draw(0, 10, np.random.default_rng(7))
        trainee.learn(0, 10, type(drawn)(*(x.double() if x.is_floating_point() else x for x in drawn)))
        left |= {f"{name}.{key}": value.grad for key, value in trainee.net.named_parameters()}
        left |= {f"{name}.{key}": value for key, value in trainee.net.named_buffers()}
    return left | {f"critic.{key}": value.grad for key, value in faces._critic.named_parameters()}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # In double precision, so that sums in another order make no difference worth talking of.
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    with machine.started("cpu", "fp32") as here:
        left = taken(Path(sys.argv[1]), here)
        if here.first:
            torch.save(left, sys.argv[2])
