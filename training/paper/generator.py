"""Trains the paper's generators: Wav2Lip with and without critic, LipGAN, Speech2Vid, the rows of Table 3.

Draws no samples (`faces`), holds no numbers (`recipes`) and exports nothing (`export`).
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from training.packs.data import Clip, Sampler
from training.paper import losses
from training.paper.expert import together_loss
from training.paper.faces import Faces, FaceSource
from training.paper.recipes import GeneratorRecipe
from training.run.feed import chance
from training.run.machine import Machine
from w2l_studio.errors import MediaError, UsageError
from w2l_studio.mouths.wav2lip import assemble
from w2l_studio.nets.critic import Critic
from w2l_studio.nets.expert import Expert
from w2l_studio.nets.generator import Generator
from w2l_studio.terms import FramesBGR

#: Batches of a measurement, always the same ones, and windows in them, at least; pictures on a sheet.
_MEASURED, _WINDOWS, _SHOWN = 8, 32, 6
#: So many standard errors must an expert find true sounds better than others: one that guesses finds them
#: better, too, every other time.
_SURE = 2.0
_LEVELS = 255


class PaperTrainee:
    """Fulfils `loop.Trainee`, `loop.Measured` and `loop.Shown`.

    The weight of the sync loss is 0 until `measure` finds it below the recipe's gate on held-out clips, by an
    expert that does tell right from wrong sounds there: an untrained one would open the gate for anything
    (W#113).

    Args:
        heldout: clips that nothing is learned from.
        expert: the paper's sync expert; needed where the recipe has a sync term.
        learned: a generator of the same width and size to begin with; None = from nothing.

    Raises:
        UsageError: the recipe needs an expert, the paper's, which reads as many pictures as its windows have.
            Or what is begun with is of another width or size.
        MediaError: no held-out clip is long enough.
    """

    def __init__(
        self,
        sampler: Sampler,
        heldout: list[Clip],
        recipe: GeneratorRecipe,
        expert: nn.Module | None = None,
        learned: Generator | None = None,
        machine: Machine | None = None,
    ) -> None:
        self.recipe, self._machine = recipe, machine or Machine()
        self._expert = self._judge(expert)
        self.source = FaceSource(sampler, recipe, self._machine)
        # Every process measures the same: what follows from it is decided alike.
        self._unseen = FaceSource(_kept_out(heldout), recipe, Machine())
        self.net = self._machine.ready(_generator(recipe, learned))
        self._critic = self._machine.ready(critic) if (critic := _critic(recipe)) else None
        self._optimiser = self._adam(self.net)
        self._critics = self._adam(self._critic) if self._critic else None
        self._tuning = self._adam(self._expert) if self._expert and recipe.tuned else None
        self.switched = False

    def _judge(self, expert: nn.Module | None) -> nn.Module | None:
        if not self.recipe.sync:
            return None
        if expert is None:
            raise UsageError("this recipe needs a sync expert", hint="train one and give it with --expert")
        if not isinstance(expert, Expert):
            raise UsageError(
                "the sync loss is meant for the paper's expert, and this is another",
                hint="train one with `expert --recipe paper`",
            )
        if expert.frames != self.recipe.frames:
            raise UsageError(
                f"the expert reads {expert.frames} pictures, the recipe has windows of {self.recipe.frames}",
                hint=f"train one with --frames {self.recipe.frames}",
            )
        return self._machine.ready(expert).eval().requires_grad_(self.recipe.tuned)

    def _adam(self, net: nn.Module) -> torch.optim.Adam:
        return self._machine.adam(net, self.recipe.rate, self.recipe.betas)

    def learn(self, number: int, steps: int, drawn: Faces) -> dict[str, Tensor]:
        """Teach the generator, then those that it is taught against."""
        del number, steps
        batch = self._machine.place(drawn)
        true = _pictures(batch.target)
        made = self._drawn(self.net.train(), batch)
        terms = {"l1": (made - true).abs().mean()}
        if self.switched:
            terms["sync"] = self._synced(made, batch.sound)
        if self._critic is not None:
            terms["critic"] = self._fooled(self._critic, made, batch.heard)
        loss = self._weighed(terms)
        self._machine.learn(loss, self._optimiser)
        told = {"loss": loss, **terms}
        if self._critic is not None and self._critics is not None:
            told["critic_own"] = self._criticised(self._critic, true, made.detach(), batch)
            self._machine.learn(told["critic_own"], self._critics)
        if self._expert is not None and self._tuning is not None:
            told["expert_own"] = self._tuned(self._expert, true, made.detach(), batch)
            self._machine.learn(told["expert_own"], self._tuning)
        return {name: value.detach() for name, value in told.items()}

    def _drawn(self, net: nn.Module, batch: Faces) -> Tensor:
        face = assemble(batch.target, batch.reference)
        if not self.recipe.prior:
            face[:, :3] = 0
        with self._machine.autocast():
            drawn: Tensor = net(batch.heard, face)
        return drawn.float()

    def _weighed(self, terms: dict[str, Tensor]) -> Tensor:
        weights = {"sync": self.recipe.sync, "critic": self.recipe.adversarial}
        used = {name: weights[name] for name in terms if name in weights}
        parts = [weight * terms[name] for name, weight in used.items()]
        if self.recipe.critic == "sync":  # LipGAN's L1 keeps its weight of 1
            return torch.stack([terms["l1"], *parts]).sum()
        return torch.stack([(1 - sum(used.values())) * terms["l1"], *parts]).sum()

    def _synced(self, made: Tensor, sound: Tensor) -> Tensor:
        assert self._expert is not None
        self._expert.train(self.recipe.norms == "batch")
        # Cross-entropy of probabilities is refused in an autocast on GPUs: only the network is inside.
        with self._machine.autocast():
            found = losses.cosines(self._expert.requires_grad_(False), made, sound, self.recipe.frames)
        return together_loss(found, torch.ones_like(found))

    def _fooled(self, critic: nn.Module, made: Tensor, heard: Tensor) -> Tensor:
        critic.requires_grad_(False)
        if self.recipe.critic == "sync":
            return losses.contrastive(critic, made, heard, fits=True)
        return losses.real(critic, made, wanted=1)

    def _criticised(self, critic: nn.Module, true: Tensor, made: Tensor, batch: Faces) -> Tensor:
        critic.requires_grad_(True)
        if self.recipe.critic != "sync":
            return losses.real(critic, true, wanted=1) + losses.real(critic, made, wanted=0)
        right = losses.contrastive(critic, true, batch.heard, fits=True)
        # LipGAN's wrong pairs: generated faces, or true ones with sounds of another row.
        rolled = batch.heard.roll(max(1, len(made) // 8), 0)
        wrong = losses.contrastive(critic, made, batch.heard, fits=False)
        return right + (wrong + losses.contrastive(critic, true, rolled, fits=False)) / 2

    def _tuned(self, expert: nn.Module, true: Tensor, made: Tensor, batch: Faces) -> Tensor:
        expert.train(self.recipe.norms == "batch").requires_grad_(True)
        right = losses.sync(expert, true, batch.sound, self.recipe.frames)
        wrong = losses.sync(expert, made, batch.sound, self.recipe.frames, fits=0)
        return right + (wrong + losses.sync(expert, true, batch.other, self.recipe.frames, fits=0)) / 2

    @torch.no_grad()
    def measure(self) -> dict[str, float]:
        """Measure on held-out clips; switch the sync term on where its gate is reached.

        Returns:
            ``l1``, ``loss`` (without the critic's part, which means another thing at each step); with an
            expert the sync loss of drawn lips, of the true ones, and of the true ones with sounds of other
            moments: drawn below true means that the expert is gamed; and by how much the true sounds are
            surely better (``margin``).
        """
        batches = max(_MEASURED, -(-_WINDOWS // self.recipe.windows))
        parts = [self._measured(self._unseen.draw(0, 1, chance(0, n))) for n in range(batches)]
        each = {name: torch.cat([part[name].reshape(-1) for part in parts]).float() for name in parts[0]}
        told = {name: values.mean().item() for name, values in each.items()}
        told["loss"] = told["l1"]
        if "sync" in told:
            told["loss"] = (1 - self.recipe.sync) * told["l1"] + self.recipe.sync * told["sync"]
            told["margin"] = _surely(each["sync_wrong"] - each["sync_true"])
            agreed = self._machine.agreed(told)
            self.switched |= agreed["sync"] < self.recipe.gate and agreed["margin"] > 0
            told["switched"] = float(self.switched)
        return told

    def _measured(self, drawn: Faces) -> dict[str, Tensor]:
        """Return the mean error of a batch, and by window the sync losses."""
        batch = self._machine.place(drawn)
        true, made = _pictures(batch.target), self._drawn(self.net.eval(), batch)
        told = {"l1": (made - true).abs().mean()}
        if self._expert is not None:
            self._expert.eval()
            pairs = {
                "sync": (made, batch.sound),
                "sync_true": (true, batch.sound),
                "sync_wrong": (true, batch.other),
            }
            for name, (faces, sound) in pairs.items():
                found = losses.cosines(self._expert, faces, sound, self.recipe.frames)
                told[name] = together_loss(found, torch.ones_like(found), reduction="none")
        return told

    @torch.no_grad()
    def sheet(self) -> FramesBGR:
        """Return held-out faces in rows: what is given, the reference, what is drawn, the truth."""
        batch = self._machine.place(self._unseen.draw(0, 1, chance(0, 0)))
        every = max(1, len(batch.target) // _SHOWN)
        batch = Faces(*(part[::every][:_SHOWN] for part in batch[:3]), *batch[3:])
        given = batch.target.clone()
        given[:, given.shape[1] // 2 :] = 0
        made = self._drawn(self.net.eval(), batch).mul(_LEVELS).round().to(torch.uint8).permute(0, 2, 3, 1)
        rows = [given * self.recipe.prior, batch.reference, made, batch.target]
        return np.concatenate([np.concatenate(list(row.cpu().numpy()), 1) for row in rows])

    def state_dict(self) -> dict[str, Any]:
        """Return networks, optimisers, the switch, and what `export` writes into the header."""
        told = {name: part.state_dict() for name, part in self._parts().items()}
        meta = {"recipe": self.recipe.name, "lead_ms": float(self.recipe.lead_ms)}
        return {**told, "switched": self.switched, "meta": meta}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Take them back."""
        for name, part in self._parts().items():
            part.load_state_dict(state[name])
        self.switched = state["switched"]

    def _parts(self) -> dict[str, Any]:
        parts = {
            "net": self.net,
            "optimiser": self._optimiser,
            "critic": self._critic,
            "critics": self._critics,
            # It changes when it is tuned, and its norms do when they follow the batch.
            "expert": self._expert,
            "tuning": self._tuning,
        }
        return {name: part for name, part in parts.items() if part is not None}


def _surely(gains: Tensor) -> float:
    """Return the mean of some gains, less what it may owe to chance."""
    return float(gains.mean() - _SURE * gains.std() / len(gains) ** 0.5)


def _kept_out(heldout: list[Clip]) -> Sampler:
    try:
        return Sampler([replace(clip, split="train") for clip in heldout])
    except MediaError as error:
        raise MediaError(
            "no clip of the split heldout to measure on",
            hint="let `prepare --split RULES` keep some out (training/rules/grid.yaml)",
        ) from error


def _generator(recipe: GeneratorRecipe, learned: Generator | None) -> Generator:
    net = Generator(recipe.width, recipe.face_px)
    if learned is not None:
        if _shapes(learned) != _shapes(net):
            raise UsageError(
                "what it shall begin with is of another shape than the recipe's network",
                hint=f"give a generator of width {recipe.width:g} and {recipe.face_px} pixels",
            )
        net.load_state_dict(learned.state_dict())
    if not recipe.prior:
        # Its channels are black in training, so weights of 0 stay 0 and the prior counts for nothing in use
        # either.
        first = net.get_parameter("face_encoder_blocks.0.0.conv_block.0.weight")
        nn.init.zeros_(first[:, :3])
    return net


def _shapes(net: nn.Module) -> dict[str, torch.Size]:
    return {name: value.shape for name, value in net.state_dict().items()}


def _critic(recipe: GeneratorRecipe) -> nn.Module | None:
    if recipe.critic == "quality":
        return Critic(recipe.width)
    return Expert(recipe.width, 1, columns=16) if recipe.critic == "sync" else None


def _pictures(faces: Tensor) -> Tensor:
    """Return ``uint8[N, P, P, 3]`` as ``float32[N, 3, P, P]`` in 0..1."""
    return faces.permute(0, 3, 1, 2).float() / _LEVELS
