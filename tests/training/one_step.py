"""One step of every kind of trainee on a pack, as every process of a joint run takes it (test_machine.py).

Writes gradients and running statistics of the first process into a file.
"""

import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch

from training.experts import expert
from training.experts.expert import ContrastTrainee
from training.experts.judge import JudgeTrainee
from training.generators.generator import GeneratorTrainee
from training.generators.recipe import Recipe
from training.packs.data import Sampler, read_pack
from training.paper import recipes
from training.paper.expert import PairTrainee
from training.paper.generator import PaperTrainee
from training.run import machine
from w2l_studio.nets.contrast import Contrast
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.opening import Opening


def taken(pack, here):
    """Return what one step leaves in the networks."""
    clips = read_pack([pack])
    sampler, unseen = Sampler(clips), [clip for clip in clips if clip.split == "unseen"]
    torch.manual_seed(0)
    pairs = PairTrainee(sampler, replace(recipes.expert(width=0.0625), pairs=16, contrast=0.0), here)
    recipe = replace(recipes.wav2lip_gan(0.0625), windows=4, norms="batch")
    faces = PaperTrainee(sampler, unseen, recipe, Expert(0.0625), machine=here)
    faces.switched = True
    expert.CLIPS = 2
    ours = ContrastTrainee(sampler, here), JudgeTrainee(sampler, here)
    slim = Recipe(width=0.0625, face_px=96, sub_pixels=1, windows=2, singles=4, ears=0.0, critic=0.0)
    studio = GeneratorTrainee(sampler, Contrast(), Opening(), slim, machine=here)
    left = {}
    trainees = {"pairs": pairs, "faces": faces, "contrast": ours[0], "judge": ours[1], "studio": studio}
    for name, trainee in trainees.items():
        # What is dropped is each process's own chance, and no part of what is compared.
        for module in trainee.net.modules():
            if isinstance(module, torch.nn.Dropout):
                module.p = 0.0
        drawn = trainee.source.draw(0, 10, np.random.default_rng(7))
        trainee.learn(0, 10, type(drawn)(*(x.double() if x.is_floating_point() else x for x in drawn)))
        left |= {f"{name}.{key}": value.grad for key, value in trainee.net.named_parameters()}
        left |= {f"{name}.{key}": value for key, value in trainee.net.named_buffers()}
    left |= {f"critic.{key}": value.grad for key, value in faces._critic.named_parameters()}
    left |= {f"patches.{key}": value.grad for key, value in studio.terms.critic.named_parameters()}
    # The generator draws lower halves alone and its critic stands still while it judges.
    return {key: value for key, value in left.items() if value is not None}


if __name__ == "__main__":
    torch.set_num_threads(1)
    # In double precision, so that sums in another order make no difference worth talking of.
    torch.set_default_dtype(torch.float64)
    torch.Tensor.float = torch.Tensor.double
    with machine.started("cpu", "fp32") as here:
        left = taken(Path(sys.argv[1]), here)
        if here.first:
            torch.save(left, sys.argv[2])
