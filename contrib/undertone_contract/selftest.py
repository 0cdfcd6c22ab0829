"""The section The self-test's problem of docs/ARITHMETIC.md: two small
trainings whose fingerprints `undertone selftest` knows. Nothing is rounded up
to 16."""

import types

import numpy as np

from . import operations as op
from .arithmetic import F32, ZERO
from .counted import Generator, scaled
from .training import fingerprint, fingerprints

R, CLASSES = 2, 10


def drawn(kind, stream, rows, columns, scale=F32(1)):
    generator = Generator(1, np.arange(R), "self", stream)
    return scaled(getattr(generator, kind)(rows, columns), scale, ZERO)


def layer(stream, inputs, outputs):
    """Weights (R, inputs, outputs) and biases."""
    quarter = F32(0.25)
    return [drawn("uniform", stream, np.arange(inputs), outputs, quarter),
            drawn("uniform", stream + 1, [0], outputs, quarter)[:, 0]]


def state(weights):
    return fingerprint(fingerprints(
        np.concatenate([w.reshape(R, -1) for w in weights], 1)))


def mlp():
    B, D, H, O = 24, 37, 19, 13
    weights = layer(0, D, H) + layer(2, H, O)
    adam = op.Optimiser("adam", 0.9, 0.999, 1e-8, 0, weights)
    for k in range(1, 5):
        rows = np.arange((k - 1) * B, k * B)
        x = drawn("normal", 4, rows, D)
        words = Generator(1, np.arange(R), "self", 5).words(rows, H)
        h = op.dropout(op.linear(x, *weights[:2], True), words, 0.25)
        z = op.linear(h, *weights[2:])
        dz = np.zeros(z.shape, F32)
        if k <= 2:
            labels = (7 * np.arange(B) + 3 * k + np.arange(R)[:, None]) % 10
            dz[..., :CLASSES] = op.cross_entropy(z[..., :CLASSES], labels)[1]
        else:
            target = drawn("normal", 6, rows, O)
            dz[..., CLASSES:] = op.kl(z[..., CLASSES:], target[..., CLASSES:],
                                      types.SimpleNamespace(T=2.0, B=B))[1]
        dh = op.linear_data_gradient(dz, weights[2], h, op.dropout_scale(0.25))
        weights = adam.step(weights, [
            op.linear_weight_gradient(x, dh), op.bias_gradient(dh),
            op.linear_weight_gradient(h, dz), op.bias_gradient(dz)], 0.01)
    return state(weights)


def cnn():
    N, B, shape = 11, 5, (9, 7, 3)
    e = np.arange(9 * 7 * 3)
    images = ((97 * np.arange(N)[:, None] + 31 * e + e * e // 3) % 256) \
        .reshape((N,) + shape)
    weights = layer(16, 9 * 3, 8) + layer(18, 9 * 8, 12) + \
        layer(20, 2 * 2 * 12, CLASSES)
    weights[0] = weights[0].reshape(R, 3, 3, 3, 8)
    weights[2] = weights[2].reshape(R, 3, 3, 8, 12)
    adamw = op.Optimiser("adamw", 0.9, 0.999, 1e-8, 0.1, weights)
    for k in range(1, 4):
        ids = (4 * k + 3 * np.arange(B) + np.arange(R)[:, None]) % N
        x = op.gather(images[ids], F32(1 / 127.5), F32(-1))
        full = op.convolution(x, *weights[:2], 1, 1)
        y, index = op.max_pool(full, 2)
        v = op.convolution(y, *weights[2:4], 2, 1)
        rows = v.reshape(R, B, -1)
        z = op.linear(rows, *weights[4:])
        dz = op.cross_entropy(z, (3 * ids + 1) % 10)[1]
        dv = op.linear_data_gradient(dz, weights[4], rows, F32(1)) \
            .reshape(v.shape)
        dy = op.convolution_data_gradient(dv, weights[2], y.shape, 2, 1, y,
                                          F32(1))
        dfull = op.max_pool_back(dy, index, full.shape, 2)
        weights = adamw.step(weights, [
            op.convolution_weight_gradient(x, dfull, 3, 1, 1),
            op.convolution_bias_gradient(dfull),
            op.convolution_weight_gradient(y, dv, 3, 2, 1),
            op.convolution_bias_gradient(dv),
            op.linear_weight_gradient(rows, dz), op.bias_gradient(dz)], 0.02)
    return state(weights)
