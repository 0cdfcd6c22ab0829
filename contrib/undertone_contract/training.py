"""Clause 8 and the sections Learning rates, What the random numbers are for and
A run of docs/ARITHMETIC.md."""

import math
import types

import numpy as np
import xxhash

from .arithmetic import F32, clean, is_finite
from .counted import Generator
from .images import Noise, augmented, mean_and_deviation, to_input
from .networks import Network, rounded_up
from .operations import (LOSSES, Optimiser, blend, cross_entropy, dropout,
                         gather, mean)

TEACHERS = ("teacher", "shuffled-teacher")
STUDENTS = ("aux", "all", "cross-aux", "cross-all", "shuffled-aux")
# What is added to the purpose of dropout.
DROPS = {"teacher": 0, "aux": 2, "all": 3, "cross-aux": 4, "cross-all": 5,
         "shuffled-teacher": 7, "shuffled-aux": 8}


class NotFinite(Exception):
    """Clause 7."""


# Clause 8 --------------------------------------------------------------------

def fingerprints(arena):
    """Of each replica's parameters (R, count)."""
    return [xxhash.xxh3_128(row.astype("<f4").tobytes()).digest()
            for row in arena]


def fingerprint(digests):
    """Of a state, from its replicas'."""
    return xxhash.xxh3_128(b"".join(digests)).hexdigest()


# Learning rates --------------------------------------------------------------

def small_sine(x):
    total = 1.0
    for k in range(16, 0, -2):
        total = 1 - x * x * total / (k * (k + 1))
    return x * total


def small_cosine(x):
    total = 1.0
    for k in range(18, 0, -2):
        total = 1 - x * x * total / (k * (k - 1))
    return total


def cosine_of_half_turns(x):
    """cos(pi x) for x of [0, 1], in double."""
    y = 1 - x if x > 0.5 else x
    value = small_sine(math.pi * (0.5 - y)) if y > 0.25 else \
        small_cosine(math.pi * y)
    return -value if x > 0.5 else value


def rate_at(rate, schedule, k, K):
    """The rate of step k of K, from 1."""
    if schedule == "constant":
        return rate
    return rate * (1 + cosine_of_half_turns((k - 1) / K)) / 2


# Who begins, learns and is shown what ----------------------------------------

def steps_of(count, batch):
    """First and beyond the last of the images of each step of an epoch."""
    return [(i, min(i + batch, count)) for i in range(0, count, batch)]


def shared_layers(text, net):
    names = [layer.name for layer in net.weighted]
    chosen = {"all": names, "body": names[:-1], "head": names[-1:]}.get(
        text, [name.strip() for name in text.split(",")])
    return [layer for layer in net.weighted if layer.name in chosen]


class Training:
    """A recipe on its data, all replicas together."""

    def __init__(self, recipe, data):
        self.recipe = recipe
        self.data = data
        self.seed = recipe.whole("seed")
        self.replicas = np.arange(recipe.whole("replicas"))
        shape = data.train.shape[1:]
        mu, sigma = mean_and_deviation(recipe["data.scale"], data.train)
        self.scale, self.shift = to_input(mu, sigma)
        self.classes = data.classes
        self.net = Network(recipe["net"], shape,
                           data.classes + recipe.whole("distill.aux"))
        self.noise = Noise(recipe, self.replicas, shape, mu, sigma) \
            if recipe["distill.noise"] != "images" else None
        self.passes = {}        # orders of real images, by pass
        self.trained = {}       # weights at the end, by condition
        self.watch = lambda condition, epoch, step, tensors: None

    def generator(self, name, stream=0, offset=0):
        return Generator(self.seed, self.replicas, name, stream, offset)

    # Beginnings

    def initial(self, purpose="init"):
        return self.net.initial(self.seed, self.replicas, purpose,
                                self.recipe["init"])

    def control(self):
        if self.recipe["distill.control"] == "fresh":
            return self.initial("frsh")
        return [np.roll(w, -1, 0) for w in self.initial()]

    def beginning(self, condition):
        if condition.startswith("cross"):
            return self.control()
        weights = self.initial()
        if condition in TEACHERS:
            return weights
        p = self.recipe.real("distill.perturb")
        if p > 0:
            weights = [blend(away, clean(F32(p)), w, F32(1))
                       for away, w in zip(self.initial("prtb"), weights)]
        shared = shared_layers(self.recipe["distill.share"], self.net)
        return [w if layer in shared else other for layer, w, other in
                zip(np.repeat(self.net.weighted, 2), weights, self.control())]

    def ceiling(self):
        """The teacher's hidden layers under the head it began with."""
        return self.trained["teacher"][:-2] + self.initial()[-2:]

    # What a step is shown

    def order(self, name, row, count):
        if self.recipe["order"] == "shuffled":
            return self.generator(name).order(row, count)
        return np.broadcast_to(np.arange(count),
                               self.replicas.shape + (count,))

    def images_of_epoch(self, condition, epoch):
        """The ids of a teacher's images, or the numbers of a student's."""
        if condition in TEACHERS:
            return self.order("ordr", epoch, len(self.data.train))
        count = self.recipe.whole("distill.images")
        if self.recipe["distill.redraw"] == "never":
            return self.order("nord", epoch, count)
        return np.broadcast_to(np.arange(count) + (epoch - 1) * count,
                               self.replicas.shape + (count,))

    def labels(self, condition):
        labels = np.broadcast_to(
            self.data.train_labels,
            self.replicas.shape + self.data.train_labels.shape)
        if condition != "shuffled-teacher":
            return labels
        order = self.generator("labl").order(0, labels.shape[1])
        return np.take_along_axis(labels, order, 1)

    def teacher_images(self, ids, rows):
        r, pixels = self.recipe, self.data.train[ids]
        options = (r.real("augment.rotate"), r.whole("augment.shift"),
                   r["augment.flip"] == "yes", r.real("augment.brightness"))
        if any(options):
            words = self.generator("augm").words(rows, 5)
            pixels = augmented(pixels, words, *options)
        return gather(pixels, self.scale, self.shift)

    def student_images(self, numbers):
        """Images by their numbers, and the ids of the real ones, or None."""
        if self.noise is None:
            return self.real_images(numbers)
        noise = self.noise.images(numbers)
        a = self.recipe.real("distill.noise_mix")
        if a == 0:
            return noise, None
        real, ids = self.real_images(numbers)
        return blend(noise, clean(F32(1 - a)), real, clean(F32(a))), ids

    def real_images(self, numbers):
        N = len(self.data.shown)
        for go in set((numbers // N).ravel()) - set(self.passes):
            self.passes[go] = self.order("show", go, N)
        ids = np.array([[self.passes[n // N][r][n % N] for n in row]
                        for r, row in enumerate(numbers)])
        return gather(self.data.shown[ids], self.scale, self.shift), ids

    # Dropout and losses

    def rates(self, section):
        """Dropout after convolutions, and after linear layers."""
        rate = self.recipe.real(section + ".dropout")
        fc = self.recipe.real(section + ".dropout_fc")
        return {"conv": rate, "fc": rate if fc < 0 else fc}

    def dropper(self, condition, rates, rows):
        """What the network's forward pass does after a hidden ReLU."""
        def drop(layer, x):
            if rates[layer.kind] == 0:
                return x
            R, B, H, W, C = x.shape
            words = self.generator("drop", layer.index, DROPS[condition]) \
                .words(rows, H * W * rounded_up(C))
            words = words.reshape(R, B, H, W, -1)[..., :C]
            return dropout(x, words, rates[layer.kind])
        return drop

    def columns(self, condition):
        """The logits that a condition learns."""
        if condition in TEACHERS or self.recipe["distill.loss"] == "kd":
            return slice(0, self.classes)
        use = self.recipe.whole("distill.use") or \
            self.recipe.whole("distill.aux")
        first = 0 if condition in ("all", "cross-all") else self.classes
        return slice(first, self.classes + use)

    def loss(self, condition, logits, target, labels):
        """Each row's loss (R, B), and its gradient over all logits."""
        chosen = self.columns(condition)
        dy = np.zeros(logits.shape, F32)
        if condition in TEACHERS:
            loss, dy[..., chosen] = cross_entropy(logits[..., chosen], labels)
            return loss, dy
        options = types.SimpleNamespace(
            T=self.recipe.real("distill.temperature"),
            alpha=self.recipe.real("distill.alpha"), labels=labels,
            B=logits.shape[1])
        loss, dy[..., chosen] = LOSSES[self.recipe["distill.loss"]](
            logits[..., chosen], target[..., chosen], options)
        return loss, dy

    # A phase

    def train(self, condition, most=None):
        """Yields (epoch, weights, losses (steps, R)) from epoch 0 on, which is
        the beginning; at most `most` epochs."""
        section = "teacher" if condition in TEACHERS else "distill"
        key = lambda name: self.recipe.real(f"{section}.{name}")
        epochs, batch = (self.recipe.whole(f"{section}.{name}")
                         for name in ("epochs", "batch"))
        weights = self.beginning(condition)
        optimiser = Optimiser(self.recipe[section + ".optimiser"],
                              key("beta1"), key("beta2"), key("epsilon"),
                              key("weight_decay"), weights)
        yield 0, weights, []
        k = 0       # steps done, in all epochs
        for epoch in range(1, 1 + (epochs if most is None
                                   else min(epochs, most))):
            images = self.images_of_epoch(condition, epoch)
            steps = steps_of(images.shape[1], batch)
            losses = []
            for step, (begin, end) in enumerate(steps, 1):
                rows = np.arange(k * batch, k * batch + end - begin)
                k += 1
                loss, gradients = self.step(condition, weights,
                                            images[:, begin:end], rows,
                                            epoch, step)
                losses.append(loss)
                rate = rate_at(key("lr"), self.recipe[section + ".schedule"],
                               k, epochs * len(steps))
                weights = optimiser.step(weights, gradients, rate)
                self.watch(condition, epoch, step,
                           self.net.named("", weights))
            if not all(map(is_finite, losses + weights)):
                raise NotFinite(f"{condition}, epoch {epoch}: a loss or a "
                                "weight is not finite")
            yield epoch, weights, losses
        self.trained[condition] = weights

    def step(self, condition, weights, ids, rows, epoch, step):
        """Mean loss of each replica, and the gradients of all weights."""
        section = "teacher" if condition in TEACHERS else "distill"
        target = None
        if condition in TEACHERS:
            x = self.teacher_images(ids, rows)
        else:
            x, ids = self.student_images(ids)
            teacher = "shuffled-teacher" if "shuffled" in condition \
                else "teacher"
            target = self.net.forward(self.trained[teacher], x)[0]
        labels = None if ids is None else \
            np.take_along_axis(self.labels(condition),
                               ids % len(self.data.train), 1)
        rates = self.rates(section)
        logits, kept = self.net.forward(
            weights, x, self.dropper(condition, rates, rows))
        loss, dy = self.loss(condition, logits, target, labels)
        gradients = self.net.backward(weights, kept, dy, rates)
        self.watch(condition, epoch, step,
                   [("input", x), ("logits", logits), ("target", target),
                    ("loss", loss), ("logits.gradient", dy)] +
                   self.net.named(".gradient", gradients))
        return mean(loss), gradients
