#!/usr/bin/env python3
"""Repeats a run of Undertone in PyTorch, in float64.

    replay.py RUN FILE.safetensors ...      files that `undertone export` wrote
    replay.py RUN --undertone PROGRAM       the same, exporting them first

Teacher and students are trained again from the exported initial weights,
batches and noise; everything else (networks, losses, optimisers, schedules) is
written here anew, after docs/RECIPES.md and docs/ARITHMETIC.md. What is printed
is how far this and the recorded run part. The exit status is 0 when they agree
within the tolerances, 1 when they do not, 2 when the run cannot be repeated.

Needs numpy and torch.
"""

import argparse
import configparser
import csv
import json
import math
import os
import re
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F

STUDENTS = ("aux", "all", "cross-aux", "cross-all", "shuffled-aux")
TEACHERS = ("teacher", "shuffled-teacher")
PRESETS = {
    "mlp": "fc 256, fc 256",
    "cnn2": "conv 32, pool, conv 64, pool, fc 128",
    "cnn3": "conv 32, pool, conv 64, pool, conv 128, pool, fc 128",
}
# Keys that change nothing of a replica's numbers.
NOT_COMPARED = re.compile(
    r"(name|about|group|replicas|conditions|samples|save|evaluate|robustness"
    r"|diagnostics|data\.(dir|memory|cache|on_error)|distill\.noise_dir"
    r"|published\..*)$")


class CannotReplay(Exception):
    """What is missing, or is no run of this recipe."""


# Files -----------------------------------------------------------------------

class Tensors:
    """A safetensors file, its tensors read when they are asked for."""

    TYPES = {"F32": "<f4", "U8": "u1", "U32": "<u4", "I64": "<i8"}

    def __init__(self, path):
        self.path = path
        try:
            with open(path, "rb") as file:
                length = int.from_bytes(file.read(8), "little")
                size = os.fstat(file.fileno()).st_size
                if length > min(size - 8, 100 << 20):
                    raise ValueError("cut short")
                header = json.loads(file.read(length))
        except (OSError, ValueError) as problem:
            raise CannotReplay(f"{path}: no safetensors file: {problem}")
        self.notes = header.pop("__metadata__", {})
        self.entries = header
        self.begin = 8 + length
        self.bytes = size - self.begin

    def get(self, name):
        if name not in self.entries:
            raise CannotReplay(f"{self.path}: has no tensor {name}")
        entry = self.entries[name]
        kind = np.dtype(self.TYPES[entry["dtype"]])
        begin, end = entry["data_offsets"]
        count = math.prod(entry["shape"])
        if not 0 <= begin <= end <= self.bytes or \
           end - begin != count * kind.itemsize:
            raise CannotReplay(f"{self.path}: {name}: offsets do not fit")
        array = np.fromfile(self.path, kind, count, offset=self.begin + begin)
        return array.reshape(entry["shape"])

    def __contains__(self, name):
        return name in self.entries


def read_recipe(text):
    """All keys of a resolved recipe, "section.key" or "key", as text."""
    parser = configparser.ConfigParser(
        interpolation=None, delimiters=("=",), comment_prefixes=("#", ";"),
        default_section="none of them")
    parser.optionxform = str
    parser.read_string("[top]\n" + text)
    return {(key if section == "top" else f"{section}.{key}"): value
            for section in parser.sections()
            for key, value in parser[section].items()}


class Run:
    """A run's folder, and the files that were exported from it."""

    def __init__(self, folder, replica):
        self.folder = folder
        self.replica = replica
        try:
            with open(os.path.join(folder, "recipe.ini")) as file:
                self.recipe = read_recipe(file.read())
            with open(os.path.join(folder, "receipt.json")) as file:
                self.receipt = json.load(file)
            with open(os.path.join(folder, "metrics.csv")) as file:
                self.metrics = list(csv.DictReader(file))
        except (OSError, ValueError, configparser.Error) as problem:
            raise CannotReplay(f"{folder}: no run's folder: {problem}")
        if not 0 <= replica < self.whole("replicas"):
            raise CannotReplay(f"replica {replica}: there are "
                               f"{self.whole('replicas')}, from 0 on")
        self.files = {}

    def whole(self, key):
        return int(self.recipe[key])

    def real(self, key):
        return float(self.recipe[key])

    def add(self, path):
        file = Tensors(path)
        what = file.notes.get("what")
        recipe = read_recipe(file.notes.get("recipe", ""))
        for key, value in self.recipe.items():
            if not NOT_COMPARED.match(key) and recipe.get(key) != value:
                raise CannotReplay(
                    f"{path}: is of another recipe: {key} = "
                    f"{recipe.get(key)}, and the run's is {value}")
        if what not in ("init", "data") and \
           file.notes.get("replica") != str(self.replica):
            raise CannotReplay(f"{path}: is of replica "
                               f"{file.notes.get('replica')}")
        condition = file.notes.get("condition")
        self.files[what if what in ("init", "data") else
                   (what, condition)] = file

    def file(self, what, condition=None):
        key = (what, condition) if condition else what
        if what == "noise" and key not in self.files:
            key = ("noise", "aux")      # the same for every student
        if key not in self.files:
            raise CannotReplay("wants a file: undertone export "
                               f"{self.folder} --what {what}" +
                               (f" --condition {condition} --replica "
                                f"{self.replica} --epochs 1-..."
                                if condition else ""))
        return self.files[key]

    def conditions(self):
        names = re.split(r"\s*,\s*", self.recipe["conditions"])
        return [c for c in TEACHERS + STUDENTS
                if c == "teacher" or c in names]

    def recorded(self, condition, epoch, column):
        for row in self.metrics:
            if row["phase"] == condition and row["epoch"] == str(epoch) and \
               row["replica"] == str(self.replica) and row[column]:
                return float(row[column])
        return None

    def recorded_accuracy(self, condition):
        found = self.receipt["conditions"].get(condition)
        return found["accuracy"][self.replica] if found else None

    def recorded_weights(self, condition):
        name = {"teacher": "teacher", "shuffled-teacher": "teacher-shuffled"} \
            .get(condition, "student-" + condition)
        path = os.path.join(self.folder, name + ".safetensors")
        if not os.path.exists(path):
            return None
        file, prefix = Tensors(path), f"{self.replica}."
        return {name[len(prefix):]: file.get(name)
                for name in file.entries if name.startswith(prefix)} or None


def export(run, program, folder, data_dir):
    """Has the program write every file that the run wants."""
    def one(what, *words):
        path = os.path.join(folder, "-".join((what,) + words[1::2]) +
                            ".safetensors")
        command = [program, "export", run.folder, "--what", what, "--out",
                   path, *words]
        if data_dir:
            command += ["--data-dir", data_dir]
        if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
            raise CannotReplay("could not: " + " ".join(command))
        run.add(path)

    def ranged(what, condition):
        section = "teacher" if condition in TEACHERS else "distill"
        epochs = run.whole(section + ".epochs")
        if epochs:
            one(what, "--condition", condition, "--replica", str(run.replica),
                "--epochs", f"1-{epochs}")

    one("init")
    one("data")
    for condition in run.conditions():
        if condition in TEACHERS:
            ranged("batches", condition)
        if max(dropout_rates(run, condition)) > 0:
            ranged("masks", condition)
    if any(c in STUDENTS for c in run.conditions()):
        ranged("noise", "aux")


# Networks --------------------------------------------------------------------

class Layer:
    """One layer of the net: what it is, and its name where it has weights."""

    def __init__(self, kind, **values):
        self.kind = kind
        self.name = None
        self.drops = False      # dropout follows
        self.relu = True
        self.__dict__.update(values)


def read_net(description):
    """The layers of a description, as docs/RECIPES.md has them."""
    layers = []
    text = PRESETS.get(description, description)
    for part in filter(None, (p.strip() for p in text.split(","))):
        kind, *words = part.split()
        if kind == "conv":
            values = {"k": 3, "s": 1, "p": None}
            for word in words[1:]:
                values[word[0]] = int(word[1:])
            pad = values["p"]
            layers.append(Layer(
                "conv", stride=values["s"],
                pad=(values["k"] - 1) // 2 if pad is None else pad))
        elif kind in ("pool", "avgpool"):
            layers.append(Layer(kind, side=int(words[0]) if words else 2))
        elif kind == "fc":
            layers.append(Layer("fc"))
        else:
            raise CannotReplay(f"net: '{part}' is no layer")
    layers.append(Layer("fc", relu=False))
    count = {"conv": 0, "fc": 0}
    for i, layer in enumerate(layers):
        if layer.kind in count:
            count[layer.kind] += 1
            layer.name = f"{layer.kind}{count[layer.kind]}"
            # a 2 x 2 max-pool right after it belongs to a convolution
            fused = layer.kind == "conv" and layers[i + 1].kind == "pool" \
                and layers[i + 1].side == 2
            layers[i + fused].drops = layer if layer.relu else False
    return layers


def forward(layers, weights, x, masks=None, rates=(0, 0)):
    """Logits of x. masks: what dropout leaves, by layer; or None."""
    for layer in layers:
        if layer.kind == "conv":
            x = F.relu(F.conv2d(x, weights[layer.name + ".weight"],
                                weights[layer.name + ".bias"],
                                stride=layer.stride, padding=layer.pad))
        elif layer.kind == "pool":
            x = F.max_pool2d(x, layer.side)
        elif layer.kind == "avgpool":
            x = F.avg_pool2d(x, layer.side)
        else:
            x = F.linear(x.flatten(1), weights[layer.name + ".weight"],
                         weights[layer.name + ".bias"])
            x = F.relu(x) if layer.relu else x
        rate = rates[layer.drops.kind == "fc"] if layer.drops else 0
        if masks and rate > 0:
            x = x * masks(layer.drops.name) * float(np.float32(1 / (1 - rate)))
    return x


def dropout_rates(run, condition):
    """Of convolutions, and of linear layers."""
    section = "teacher" if condition in TEACHERS else "distill"
    rate = run.real(section + ".dropout")
    fc = run.real(section + ".dropout_fc")
    return rate, rate if fc < 0 else fc


# Losses ----------------------------------------------------------------------

def softmaxes(student, teacher, temperature):
    """log q, t and log t."""
    log_t = F.log_softmax(teacher / temperature, 1)
    return F.log_softmax(student / temperature, 1), log_t.exp(), log_t


def kl(student, teacher, temperature):
    log_q, t, log_t = softmaxes(student, teacher, temperature)
    return (t * (log_t - log_q)).sum(1).mean()


def distance(run, student, teacher, labels):
    """The loss of distill.loss, mean over the batch."""
    kind = run.recipe["distill.loss"]
    temperature = run.real("distill.temperature")
    alpha = run.real("distill.alpha")
    if kind == "kl":
        return kl(student, teacher, temperature)
    if kind == "mse":
        return ((student - teacher) ** 2).mean()
    if kind == "mse-norm":
        sigma = teacher.std(0, unbiased=False)
        scale = torch.where(sigma > 0, 1 / sigma, torch.zeros_like(sigma))
        return (((student - teacher) * scale) ** 2).mean()
    if kind == "cosine":
        return (1 - F.cosine_similarity(student, teacher, 1)).mean()
    log_q, t, log_t = softmaxes(student, teacher, temperature)
    q = log_q.exp()
    if kind == "revkl":
        return (q * (log_q - log_t)).sum(1).mean()
    if kind == "js":
        log_m = ((q + t) / 2).log()
        return ((t * (log_t - log_m) + q * (log_q - log_m)) / 2).sum(1).mean()
    if kind == "kd":
        loss = (1 - alpha) * temperature ** 2 * kl(student, teacher,
                                                   temperature)
        if alpha > 0:
            loss = loss + alpha * F.cross_entropy(student, labels)
        return loss
    raise CannotReplay(f"distill.loss = {kind} is not known here")


def columns(run, condition, classes):
    """The logits that a student is distilled on."""
    if run.recipe["distill.loss"] == "kd":
        return slice(0, classes)
    use = run.whole("distill.use") or run.whole("distill.aux")
    if condition in ("all", "cross-all"):
        return slice(0, classes + use)
    return slice(classes, classes + use)


# Optimisers ------------------------------------------------------------------

class Optimiser:
    """SGD with momentum, Adam and AdamW, as docs/ARITHMETIC.md has them."""

    def __init__(self, run, section, weights, steps):
        self.kind = run.recipe[section + ".optimiser"]
        self.schedule = run.recipe[section + ".schedule"]
        self.rate = run.real(section + ".lr")
        self.beta1 = run.real(section + ".beta1")
        self.beta2 = run.real(section + ".beta2")
        self.epsilon = run.real(section + ".epsilon")
        self.decay = run.real(section + ".weight_decay")
        self.weights = weights
        self.steps = steps
        self.step_count = 0
        self.m = {k: torch.zeros_like(w) for k, w in weights.items()}
        self.v = {k: torch.zeros_like(w) for k, w in weights.items()}

    def rate_now(self):
        if self.schedule == "constant":
            return self.rate
        return self.rate * (1 + math.cos(math.pi * (self.step_count - 1) /
                                         self.steps)) / 2

    @torch.no_grad()
    def step(self, gradients):
        self.step_count += 1
        rate = self.rate_now()
        for key, w in self.weights.items():
            g, m, v = gradients[key], self.m[key], self.v[key]
            if self.kind == "sgd":
                m.mul_(self.beta1).add_(g)
                w.sub_(rate * m)
                continue
            if self.kind == "adamw":
                w.mul_(1 - rate * self.decay)
            m.mul_(self.beta1).add_(g, alpha=1 - self.beta1)
            v.mul_(self.beta2).addcmul_(g, g, value=1 - self.beta2)
            n = m / (1 - self.beta1 ** self.step_count)
            d = (v / (1 - self.beta2 ** self.step_count)).sqrt()
            w.sub_(rate * n / (d + self.epsilon))


# Training --------------------------------------------------------------------

class Images:
    """The data set as the network sees it."""

    def __init__(self, run, layers):
        file = run.file("data")
        self.scale = file.get("pixels.scale").astype(np.float64)
        self.shift = file.get("pixels.shift").astype(np.float64)
        self.flat = layers[0].kind == "fc"
        self.train = file.get("train.images")
        self.test = file.get("test.images")
        self.test_labels = torch.from_numpy(file.get("test.labels"))

    def inputs(self, pixels):
        """fp32 as the run had it: fma(pixel, scale, shift)."""
        shape = (1, -1, 1, 1)
        x = (pixels.astype(np.float64) * self.scale.reshape(shape) +
             self.shift.reshape(shape)).astype(np.float32)
        if self.flat:       # a linear layer takes (h W + w) C + c
            x = np.ascontiguousarray(x.transpose(0, 2, 3, 1))
            x = x.reshape(len(x), -1)
        return torch.from_numpy(x).to(torch.get_default_dtype())


@torch.no_grad()
def accuracy(layers, weights, images, classes):
    right = 0
    for at in range(0, len(images.test), 500):
        x = images.inputs(images.test[at:at + 500])
        answers = forward(layers, weights, x)[:, :classes].argmax(1)
        right += (answers == images.test_labels[at:at + 500]).sum().item()
    return right / len(images.test)


def initial(run, condition):
    who = "reference" if condition in TEACHERS else condition
    file, prefix = run.file("init"), f"{who}.{run.replica}."
    weights = {name[len(prefix):]: torch.from_numpy(file.get(name))
               .to(torch.get_default_dtype())
               for name in file.entries if name.startswith(prefix)}
    if not weights:
        raise CannotReplay(f"{file.path}: has no initial weights of {who}")
    return weights


class Batches:
    """What a condition is shown, step by step."""

    def __init__(self, run, condition, images):
        teacher = condition in TEACHERS
        section = "teacher" if teacher else "distill"
        self.images = images
        self.teacher = teacher
        self.file = run.file("batches" if teacher else "noise", condition)
        self.stem = "ids" if teacher else "noise"
        self.rates = dropout_rates(run, condition)
        self.masked = run.file("masks", condition) \
            if max(self.rates) > 0 else None
        count = len(images.train) if teacher else run.whole("distill.images")
        batch = run.whole(section + ".batch")
        self.steps = -(-count // batch)
        self.epochs = run.whole(section + ".epochs")
        if f"{self.stem}.{self.epochs}.{self.steps}" not in self.file or \
           f"{self.stem}.1.1" not in self.file:
            raise CannotReplay(f"{self.file.path}: does not hold all steps of "
                               f"epochs 1-{self.epochs}")

    def get(self, epoch, step):
        """Inputs, and labels or None."""
        at = f"{epoch}.{step}"
        labels = None
        if "labels." + at in self.file:
            labels = torch.from_numpy(self.file.get("labels." + at))
        if not self.teacher:
            x = torch.from_numpy(self.file.get("noise." + at))
            return x.to(torch.get_default_dtype()), labels
        if "pixels." + at in self.file:
            pixels = self.file.get("pixels." + at)
        else:
            pixels = self.images.train[self.file.get("ids." + at)]
        return self.images.inputs(pixels), labels

    def masks(self, epoch, step):
        if not self.masked:
            return None
        return lambda name: torch.from_numpy(
            self.masked.get(f"masks.{epoch}.{step}.{name}"))


class Report:
    """Prints what parts, and remembers whether it is too much."""

    def __init__(self, run, options):
        self.run = run
        self.options = options
        self.worst = {"loss": 0.0, "weights": 0.0, "accuracy": 0.0}

    def note(self, what, difference):
        if not difference <= self.worst[what]:
            self.worst[what] = difference

    def epoch(self, condition, epoch, loss, right):
        line = f"{condition:16s} epoch {epoch}: loss {loss:.6f}"
        recorded = self.run.recorded(condition, epoch, "loss")
        if recorded is not None:
            apart = abs(loss - recorded) / max(abs(recorded), 1e-6)
            self.note("loss", apart)
            line += f" (recorded {recorded:.6f}, apart {apart:.1e})"
        recorded = self.run.recorded(condition, epoch, "accuracy")
        if recorded is not None and right is not None:
            line += f", accuracy {right:.4f} (recorded {recorded:.4f})"
            self.note("accuracy", abs(right - recorded))
        print(line, flush=True)

    def end(self, condition, weights, travel, right):
        """travel: the most that a weight may have moved, steps times lr."""
        recorded = self.run.recorded_accuracy(condition)
        line = f"{condition:16s} accuracy {right:.4f}"
        if recorded is not None:
            self.note("accuracy", abs(right - recorded))
            line += f" (recorded {recorded:.4f})"
        there = self.run.recorded_weights(condition) if weights else None
        if there:
            gaps = np.concatenate([(w.double().numpy() - there[k]).ravel()
                                   for k, w in weights.items()])
            size = np.concatenate([w.ravel() for w in there.values()])
            most = np.abs(gaps).max()
            mean = math.sqrt((gaps ** 2).mean())
            units = mean / travel if travel else mean
            self.note("weights", units)
            line += (f"; weights apart by {mean:.1e} (root mean square; "
                     f"{mean / math.sqrt((size ** 2).mean()):.1e} of "
                     f"theirs, {units:.1e} of steps x lr), {most:.1e} at most")
        print(line, flush=True)

    def agrees(self):
        limits = {"loss": self.options.loss, "weights": self.options.weights,
                  "accuracy": self.options.accuracy}
        good = True
        print()
        for what, worst in self.worst.items():
            fine = worst <= limits[what]
            good = good and fine
            print(f"{what}: apart by {worst:.2e} at most, "
                  f"{'within' if fine else 'MORE THAN'} {limits[what]:.0e}")
        return good


def train(run, condition, layers, images, teacher, report):
    """Trains the condition as the run did; returns its weights."""
    classes = run.receipt["data"]["classes"]
    section = "teacher" if condition in TEACHERS else "distill"
    weights = initial(run, condition)
    if not run.whole(section + ".epochs"):
        report.end(condition, weights, 0,
                   accuracy(layers, weights, images, classes))
        return weights
    batches = Batches(run, condition, images)
    optimiser = Optimiser(run, section, weights,
                          batches.steps * batches.epochs)
    chosen = columns(run, condition, classes)
    each = run.recipe["evaluate"] == "epoch"
    for epoch in range(1, batches.epochs + 1):
        losses = []
        for step in range(1, batches.steps + 1):
            x, labels = batches.get(epoch, step)
            for w in weights.values():
                w.requires_grad_(True)
            logits = forward(layers, weights, x, batches.masks(epoch, step),
                             batches.rates)
            if condition in TEACHERS:
                loss = F.cross_entropy(logits[:, :classes], labels)
            else:
                with torch.no_grad():
                    target = forward(layers, teacher, x)
                loss = distance(run, logits[:, chosen], target[:, chosen],
                                labels)
            gradients = torch.autograd.grad(loss, list(weights.values()))
            for w in weights.values():
                w.requires_grad_(False)
            optimiser.step(dict(zip(weights, gradients)))
            losses.append(loss.item())
        right = accuracy(layers, weights, images, classes) if each else None
        report.epoch(condition, epoch, sum(losses) / len(losses), right)
    report.end(condition, weights,
               batches.steps * batches.epochs * optimiser.rate,
               accuracy(layers, weights, images, classes))
    return weights


def replay(run, report):
    layers = read_net(run.recipe["net"])
    images = Images(run, layers)
    classes = run.receipt["data"]["classes"]
    weights = {}
    report.end("reference", None, 0, accuracy(
        layers, initial(run, "teacher"), images, classes))
    for condition in run.conditions():
        teacher = weights.get("shuffled-teacher" if
                              condition.startswith("shuffled") else "teacher")
        weights[condition] = train(run, condition, layers, images, teacher,
                                   report)
    if "ceiling" in run.recipe["conditions"]:
        ceiling = dict(weights["teacher"])
        for key, value in initial(run, "teacher").items():
            if key.startswith(layers[-1].name + "."):
                ceiling[key] = value
        report.end("ceiling", None, 0,
                   accuracy(layers, ceiling, images, classes))


def main():
    parser = argparse.ArgumentParser(
        description="Repeats a run of Undertone in PyTorch, in float64.")
    parser.add_argument("run", help="the run's folder")
    parser.add_argument("files", nargs="*", help="files of `undertone export`")
    parser.add_argument("--undertone", metavar="PROGRAM",
                        help="export the files with it")
    parser.add_argument("--data-dir", help="for --undertone")
    parser.add_argument("--replica", type=int, default=0)
    parser.add_argument("--weights", type=float, default=0.05, metavar="X",
                        help="how far weights may part, root mean square, in "
                        "steps x lr (%(default)s)")
    parser.add_argument("--accuracy", type=float, default=0.05, metavar="X",
                        help="how far accuracies may part (%(default)s)")
    parser.add_argument("--loss", type=float, default=0.02, metavar="X",
                        help="how far an epoch's losses may part, of the "
                        "recorded one (%(default)s)")
    parser.add_argument("--float32", action="store_true",
                        help="in float32: how far rounding alone leads")
    options = parser.parse_args()
    torch.set_default_dtype(torch.float32 if options.float32
                            else torch.float64)
    try:
        run = Run(options.run, options.replica)
        for path in options.files:
            run.add(path)
        report = Report(run, options)
        print(f"replica {options.replica} of {options.run}, "
              f"{str(torch.get_default_dtype())[6:]}, PyTorch "
              f"{torch.__version__}")
        with tempfile.TemporaryDirectory() as folder:
            if options.undertone:
                export(run, options.undertone, folder, options.data_dir)
            replay(run, report)
    except CannotReplay as problem:
        print(f"replay.py: {problem}", file=sys.stderr)
        return 2
    return 0 if report.agrees() else 1


if __name__ == "__main__":
    sys.exit(main())
