"""What is measured: docs/RECIPES.md, What is measured; docs/ARITHMETIC.md,
Evaluation."""

import numpy as np

from .images import robust_copies
from .operations import argmax, gather
from .training import steps_of


def auc(differences, second):
    """The share of pairs in which the second class's is larger; ties half."""
    a, b = differences[second], np.sort(differences[~second])
    twice = int((np.searchsorted(b, a, "left") +
                 np.searchsorted(b, a, "right")).sum())
    return twice / (2 * len(a) * len(b))


def measured(training, weights, pixels):
    """accuracy, accuracy_present and, with two classes, auc of each replica."""
    data, R = training.data, len(training.replicas)
    logits = []
    for begin, end in steps_of(len(pixels), 256):
        x = gather(pixels[begin:end], training.scale, training.shift)
        x = np.broadcast_to(x, (R,) + x.shape)
        logits.append(training.net.forward(weights, x)[0])
    logits = np.concatenate(logits, 1)[..., :training.classes]
    first, end = data.present
    right = {
        "accuracy": argmax(logits) == data.test_labels,
        "accuracy_present":
            argmax(logits[..., first:end]) + first == data.test_labels,
    }
    found = {name: (r.sum(1) / r.shape[1]).tolist()
             for name, r in right.items()}
    if end - first == 2:
        d = np.subtract(logits[..., first + 1], logits[..., first],
                        dtype=np.float64)
        second = data.test_labels == first + 1
        found["auc"] = [auc(row, second) for row in d]
    return found


def answers(training, weights, robustness):
    """The same, and of the changed copies of the test images if wanted."""
    pixels = training.data.test
    found = measured(training, weights, pixels)
    if robustness:
        found["robustness"] = {
            name: measured(training, weights, copy)
            for name, copy in robust_copies(pixels, training.seed)}
    return found
