#!/usr/bin/env python3
"""The arithmetic contract once more, in NumPy: slow, and bit for bit.

    contract.py RUN                 trains RUN again, and compares fingerprints
    contract.py --check             compares this program's fma with fractions
    contract.py --selftest          the fingerprints of `undertone selftest`

Everything is computed here from the run's recipe, after docs/ARITHMETIC.md and
docs/RECIPES.md: the package undertone_contract beside this file is written to
be read with them. Only images and labels come from `undertone export --what
data`, generated digits and decoded photographs too.

For each phase and epoch it prints what `undertone fingerprint RUN` does, and at
the end what was measured otherwise than the receipt says. The exit status is 0
when all agree, 1 at the first epoch that does not, or for an answer, and 2 when
the run cannot be repeated.

Needs NumPy and xxhash (Debian: python3-numpy python3-xxhash).
"""

import argparse
import os
import sys
import tempfile

sys.dont_write_bytecode = True

try:
    import numpy as np
    import xxhash       # noqa: F401, used by the package
except ImportError as problem:
    print(f"contract.py: {problem}; Debian: apt-get install python3-numpy "
          "python3-xxhash", file=sys.stderr)
    sys.exit(2)

from undertone_contract.answers import answers      # noqa: E402
from undertone_contract.check import check          # noqa: E402
from undertone_contract.files import (CannotRepeat, Run, export_data,
                                      read_data)    # noqa: E402
from undertone_contract import selftest             # noqa: E402
from undertone_contract.training import (TEACHERS, NotFinite, Training,
                                         fingerprint,
                                         fingerprints)  # noqa: E402


class Parted(Exception):
    """Where this and the run part."""


def compare_losses(run, condition, epoch, losses):
    """An epoch's loss, the mean in double over its steps; metrics.csv has nine
    digits of it."""
    for r in range(losses.shape[1]):
        there = run.losses.get((condition, epoch, r))
        mine = 0.0
        for loss in losses[:, r].tolist():      # sum() may be more exact
            mine += loss
        mine /= len(losses)
        if there is not None and float(f"{mine:.9g}") != there:
            raise Parted(f"{condition}, epoch {epoch}, replica {r}: the loss "
                         f"is {mine:.9g}, and was {there}")


def repeat_phase(run, training, condition, most):
    """Trains; prints and compares every epoch."""
    prints = run.prints[condition]
    for epoch, weights, losses in training.train(condition, most):
        mine = fingerprint(fingerprints(training.net.arena(weights)))
        print(condition, epoch, mine, flush=True)
        if epoch >= len(prints):
            raise CannotRepeat(f"{run.folder}: {condition} has no epoch "
                               f"{epoch}")
        if mine != prints[epoch]:
            raise Parted(f"{condition}, epoch {epoch}: the run has "
                         f"{prints[epoch]}")
        if losses:
            compare_losses(run, condition, epoch, np.array(losses))


def compare_answers(run, training, condition, weights):
    """What was measured, by name, this and the receipt's."""
    there = run.receipt["conditions"].get(condition)
    if there is None:
        return
    mine = answers(training, weights, "robustness" in there)

    def compare(name, mine, there):
        if isinstance(mine, dict):
            for key in mine:
                compare(f"{name}, {key}", mine[key], there[key])
        elif any(abs(a - b) > 1e-11 for a, b in zip(mine, there)) or \
                len(mine) != len(there):
            raise Parted(f"{name}: {mine}, and the receipt has {there}")
    compare(condition, mine, there)
    print(condition, "answers as the receipt says", file=sys.stderr)


def repeat(run, data, options):
    training = Training(run.recipe, data)
    if options.dump:
        training.watch = Dump(*options.dump)
    whole = True
    for condition in run.prints:
        if condition not in TEACHERS and not whole:
            print(f"contract.py: no {condition}: --epochs left its teacher "
                  "unfinished", file=sys.stderr)
            continue
        repeat_phase(run, training, condition, options.epochs)
        if condition in TEACHERS and options.epochs is not None:
            whole = options.epochs >= run.recipe.whole("teacher.epochs")
    if options.epochs is not None or options.no_answers:
        return
    for condition, weights in training.trained.items():
        compare_answers(run, training, condition, weights)
    compare_answers(run, training, "reference", training.initial())
    compare_answers(run, training, "ceiling", training.ceiling())


class Dump:
    """Keeps the tensors of one step in a file, and ends there."""

    def __init__(self, where, path):
        try:
            condition, epoch, step = where.split(".")
            self.place = (condition, int(epoch), int(step))
        except ValueError:
            raise CannotRepeat("--dump takes PHASE.EPOCH.STEP, from 1")
        self.path = path
        self.tensors = {}

    def __call__(self, condition, epoch, step, tensors):
        if (condition, epoch, step) != self.place:
            return
        self.tensors.update((name, x) for name, x in tensors if x is not None)
        if "fc1.weight" in self.tensors:    # weights come last
            np.savez(self.path, **self.tensors)
            raise SystemExit(0)


def read_options():
    parser = argparse.ArgumentParser(
        description="Repeats a run of Undertone in NumPy, bit for bit.")
    parser.add_argument("run", nargs="?", help="the run's folder")
    parser.add_argument("--undertone", metavar="PROGRAM", default="undertone",
                        help="exports the data (%(default)s)")
    parser.add_argument("--data", metavar="FILE",
                        help="what `undertone export RUN --what data` wrote")
    parser.add_argument("--data-dir", help="for --undertone")
    parser.add_argument("--epochs", type=int, metavar="N",
                        help="the first N of each phase alone")
    parser.add_argument("--no-answers", action="store_true",
                        help="do not measure: fingerprints alone")
    parser.add_argument("--dump", nargs=2, metavar=("PHASE.EPOCH.STEP", "FILE"),
                        help="keep that step's tensors (NumPy's .npz): input, "
                        "logits, gradients, and weights after it; then end")
    parser.add_argument("--check", action="store_true",
                        help="check this program itself")
    parser.add_argument("--selftest", action="store_true",
                        help="print the fingerprints of the self-test's "
                        "trainings")
    options = parser.parse_args()
    if not options.check and not options.selftest and not options.run:
        parser.error("which run's folder?")
    return options


def main():
    options = read_options()
    # what an infinity leads to is found by clause 7
    np.seterr(all="ignore")
    if options.check:
        return 0 if check() else 1
    if options.selftest:
        print("MLP", selftest.mlp())
        print("CNN", selftest.cnn())
        return 0
    try:
        run = Run(options.run)
        with tempfile.TemporaryDirectory() as folder:
            path = options.data
            if not path:
                path = os.path.join(folder, "data.safetensors")
                export_data(run, options.undertone, options.data_dir, path)
            data = read_data(run, path)
        repeat(run, data, options)
    except Parted as problem:
        print(f"contract.py: not the same: {problem}", file=sys.stderr)
        return 1
    except (CannotRepeat, NotFinite) as problem:
        print(f"contract.py: {problem}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
