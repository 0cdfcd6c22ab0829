"""Networks: docs/RECIPES.md, The network; docs/ARITHMETIC.md, The arena,
Initialisation, and of A run its Layers and Backward."""

import math

import numpy as np

from .arithmetic import F32, ZERO
from .counted import Generator, scaled
from . import operations as op

PRESETS = {
    "mlp": "fc 256, fc 256",
    "cnn2": "conv 32, pool, conv 64, pool, fc 128",
    "cnn3": "conv 32, pool, conv 64, pool, conv 128, pool, fc 128",
}


def rounded_up(n):
    return -(-n // 16) * 16


class Layer:
    """One layer; index counts those that have weights, from 0."""

    def __init__(self, kind, **values):
        self.kind = kind
        self.pooled = False     # of a convolution: a 2 x 2 max-pool is in it
        self.relu = True
        self.__dict__.update(values)

    def has_weights(self):
        return self.kind in ("conv", "fc")


def read_layers(text, outputs):
    layers = []
    for part in PRESETS.get(text, text).split(","):
        kind, *words = part.split() or [None]
        if kind == "conv":
            values = {word[0]: int(word[1:]) for word in words[1:]}
            k = values.get("k", 3)
            layers.append(Layer(kind, width=int(words[0]), kernel=k,
                                stride=values.get("s", 1),
                                pad=values.get("p", (k - 1) // 2)))
        elif kind in ("pool", "avgpool"):
            side = int(words[0]) if words else 2
            if kind == "pool" and side == 2 and layers and \
               layers[-1].kind == "conv" and not layers[-1].pooled:
                layers[-1].pooled = True
            else:
                layers.append(Layer(kind, side=side, relu=False))
        elif kind == "fc":
            layers.append(Layer(kind, width=int(words[0])))
    layers.append(Layer("fc", width=outputs, relu=False))
    return layers


class Network:
    """The layers of a net on images of shape (H, W, C)."""

    def __init__(self, text, shape, outputs):
        self.layers = read_layers(text, outputs)
        H, W, C = shape
        index = 0
        stored = C      # channels in memory: images keep theirs
        for layer in self.layers:
            layer.shape = (H, W, C)     # of its input
            layer.stored = stored
            if layer.kind == "conv":
                H, W = (op.sides(n, layer.kernel, layer.stride, layer.pad)
                        for n in (H, W))
                if layer.pooled:
                    H, W = H // 2, W // 2
                C = layer.width
            elif layer.kind == "fc":
                H, W, C = 1, 1, layer.width
            else:
                H, W = H // layer.side, W // layer.side
            if layer.has_weights():
                layer.index = index
                index += 1
                stored = rounded_up(C)
        self.weighted = [x for x in self.layers if x.has_weights()]
        names = {"conv": 0, "fc": 0}
        for layer in self.weighted:
            names[layer.kind] += 1
            layer.name = f"{layer.kind}{names[layer.kind]}"
        for before, layer in zip([None] + self.layers, self.layers):
            layer.before = before

    # Weights: [w, b, w, b, ...], each with R first

    def initial(self, seed, replicas, purpose, init):
        weights = []
        for layer in self.weighted:
            H, W, C = layer.shape
            if layer.kind == "conv":
                inputs = layer.kernel ** 2 * C
                shape = (layer.kernel, layer.kernel, C, layer.width)
            else:
                inputs = H * W * C
                shape = (inputs, layer.width)
            scale = F32(math.sqrt((2 if init == "he" else 1) / inputs))
            w, b = (Generator(seed, replicas, purpose, 2 * layer.index + k)
                    for k in (0, 1))
            rows = np.arange(inputs)
            if init == "pytorch":
                w, b = w.uniform(rows, layer.width), b.uniform([0], layer.width)
                b = scaled(b[:, 0], scale, ZERO)
            else:
                w = w.normal(rows, layer.width)
                b = np.zeros((len(replicas), layer.width), F32)
            weights += [scaled(w, scale, ZERO).reshape(b.shape[:1] + shape), b]
        return weights

    def named(self, suffix, weights):
        names = [f"{layer.name}.{part}{suffix}" for layer in self.weighted
                 for part in ("weight", "bias")]
        return list(zip(names, weights))

    def arena(self, weights):
        """The parameters as they lie in memory, (R, count)."""
        parts = []
        for layer in self.weighted:
            w, b = weights[2 * layer.index:2 * layer.index + 2]
            R, O = b.shape
            H, W, C = layer.shape
            pad = layer.stored - C
            if layer.kind == "conv":
                w = np.pad(w, ((0, 0),) * 3 +
                           ((0, pad), (0, rounded_up(O) - O)))
            else:
                w = np.pad(w.reshape(R, H * W, C, O),
                           ((0, 0), (0, 0), (0, pad), (0, rounded_up(O) - O)))
                w = w.reshape(R, H * W * layer.stored, -1)
                if layer.before is None:
                    more = -w.shape[1] % 16
                    w = np.pad(w, ((0, 0), (0, more), (0, 0)))
            b = np.pad(b, ((0, 0), (0, rounded_up(O) - O)))
            parts += [w.reshape(R, -1), b]
        return np.concatenate(parts, 1)

    # Forward and backward

    def forward(self, weights, x, drop=None):
        """Logits, and what backward needs. x: (R, B, H, W, C)."""
        kept = []
        for layer in self.layers:
            kept.append({"x": x})
            if layer.kind == "conv":
                w, b = weights[2 * layer.index:2 * layer.index + 2]
                x = op.convolution(x, w, b, layer.stride, layer.pad)
                kept[-1]["full"] = x.shape
                if layer.pooled:
                    x, kept[-1]["index"] = op.max_pool(x, 2)
            elif layer.kind == "pool":
                x, kept[-1]["index"] = op.max_pool(x, layer.side)
            elif layer.kind == "avgpool":
                x = op.average_pool(x, layer.side)
            else:
                w, b = weights[2 * layer.index:2 * layer.index + 2]
                x = op.linear(x.reshape(x.shape[:2] + (-1,)), w, b, layer.relu)
                x = x[:, :, None, None]
            if drop and layer.relu:
                x = drop(layer, x)
        return x[:, :, 0, 0], kept

    def backward(self, weights, kept, dy, rates):
        """Gradients of all weights; dy (R, B, O); rates by kind of layer."""
        gradients = [None] * len(weights)
        dy = dy[:, :, None, None]
        for layer, had in zip(reversed(self.layers), reversed(kept)):
            x, before = had["x"], layer.before
            has_relu = before is not None and before.relu
            gate = x if has_relu else None
            scale = op.dropout_scale(rates[before.kind]) if has_relu else F32(1)
            first = not any(other.has_weights() for other in
                            self.layers[:self.layers.index(layer)])
            at = 2 * getattr(layer, "index", 0)
            if layer.kind == "fc":
                rows = x.reshape(x.shape[:2] + (-1,))
                d = dy.reshape(dy.shape[:2] + (-1,))
                gradients[at] = op.linear_weight_gradient(rows, d)
                gradients[at + 1] = op.bias_gradient(d)
                if not first:
                    dy = op.linear_data_gradient(
                        d, weights[at], rows if has_relu else None, scale)
                    dy = dy.reshape(x.shape)
            elif layer.kind == "conv":
                if layer.pooled:
                    dy = op.max_pool_back(dy, had["index"], had["full"], 2)
                gradients[at] = op.convolution_weight_gradient(
                    x, dy, layer.kernel, layer.stride, layer.pad)
                gradients[at + 1] = op.convolution_bias_gradient(dy)
                if not first:
                    dy = op.convolution_data_gradient(
                        dy, weights[at], x.shape, layer.stride, layer.pad,
                        gate, scale)
            elif not first:
                dy = op.max_pool_back(dy, had["index"], x.shape, layer.side) \
                    if layer.kind == "pool" else \
                    op.average_pool_back(dy, x.shape, layer.side)
                dy = op.gated(dy, gate, scale)
        return gradients
