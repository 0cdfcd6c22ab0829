"""The operations of docs/ARITHMETIC.md, in the order of its table.

Shapes: R replicas first, then B images; images (R, B, H, W, C); a linear
layer's weights (R, D, O), a convolution's (R, kernel, kernel, C, O). Widths are
not rounded up to 16 here: what that adds is +0 and changes no bit.
"""

import numpy as np

from .arithmetic import (CHUNK, F32, F64, ZERO, add_in_order, chain,
                         chunked_sum, clean, clean_moment, exp, fma,
                         in_chunks, log, relu)


def gated(s, gate, scale):
    """What follows a data gradient; gate is None where there is none."""
    return clean(s if gate is None else np.where(gate > 0, s * scale, ZERO))


# Linear ----------------------------------------------------------------------

def linear(x, w, bias, with_relu=False):
    """x (R, B, D), w (R, D, O), bias (R, O)."""
    xs, ws = x.astype(F64), w.astype(F64)
    s = chain(((xs[:, :, d, None], ws[:, None, d]) for d in range(w.shape[1])),
              x.shape[:2] + w.shape[2:])
    s = s + bias[:, None]
    return clean(relu(s) if with_relu else s)


def linear_data_gradient(dy, w, gate, scale):
    ds, ws = dy.astype(F64), w.astype(F64)
    s = chain(((ds[:, :, o, None], ws[:, None, :, o])
               for o in range(w.shape[2])), dy.shape[:2] + w.shape[1:2])
    return gated(s, gate, scale)


def products_over_rows(x, dy, chunk):
    """Rows x (R, N, D) and dy (R, N, O): the chunked sum of their products."""
    chunk = min(chunk, x.shape[1])
    x = in_chunks(x.astype(F64), 1, chunk)
    dy = in_chunks(dy.astype(F64), 1, chunk)
    p = chain(((x[:, :, b, :, None], dy[:, :, b, None]) for b in range(chunk)),
              x.shape[:2] + x.shape[3:] + dy.shape[3:])
    return clean(add_in_order(p, 1))


def linear_weight_gradient(x, dy):
    return products_over_rows(x, dy, CHUNK)


def bias_gradient(dy, chunk=CHUNK):
    return clean(chunked_sum(dy, 1, chunk))


# Convolution -----------------------------------------------------------------

def sides(size, kernel, stride, pad):
    return (size + 2 * pad - kernel) // stride + 1


def around(x, pad):
    """Images with a border of +0: a tap there changes no chain."""
    return np.pad(x, ((0, 0), (0, 0), (pad, pad), (pad, pad), (0, 0)))


def tap(x, kh, kw, stride, OH, OW):
    """The pixel that each output pixel reads at (kh, kw), of padded images."""
    return x[:, :, kh:kh + stride * OH:stride, kw:kw + stride * OW:stride]


def convolution(x, w, bias, stride, pad):
    """With ReLU: (R, B, OH, OW, O)."""
    K, C = w.shape[1], w.shape[3]
    OH, OW = (sides(n, K, stride, pad) for n in x.shape[2:4])
    xs, ws = around(x, pad).astype(F64), w.astype(F64)[:, None, None, None]
    s = chain(((tap(xs, kh, kw, stride, OH, OW)[..., c, None],
                ws[..., kh, kw, c, :])
               for kh in range(K) for kw in range(K) for c in range(C)),
              x.shape[:2] + (OH, OW) + bias.shape[1:])
    return clean(relu(s + bias[:, None, None, None]))


def convolution_data_gradient(dy, w, shape, stride, pad, gate, scale):
    """shape: of x. An output's row oh ascends as kh descends."""
    R, B, H, W, _ = shape
    K, O = w.shape[1], w.shape[4]
    # dy with stride - 1 rows of +0 between its own, so that row h + K - 1 - kh
    # is the output that reads row h at kh
    wide = np.zeros((R, B, H + K - 1 + stride, W + K - 1 + stride, O), F64)
    at = K - 1 - pad
    tap(wide[:, :, at:, at:], 0, 0, stride, *dy.shape[2:4])[...] = dy
    ws = w.astype(F64)[:, None, None, None]
    s = chain(((tap(wide, K - 1 - kh, K - 1 - kw, 1, H, W)[..., o, None],
                ws[..., kh, kw, :, o])
               for kh in reversed(range(K)) for kw in reversed(range(K))
               for o in range(O)), shape)
    return gated(s, gate, scale)


def convolution_chunk(OW):
    """Pixels of a chunk: whole rows."""
    return max(1, CHUNK // OW) * OW


def convolution_weight_gradient(x, dy, kernel, stride, pad):
    R, B, OH, OW, O = dy.shape
    xs = around(x, pad)
    taps = np.stack([tap(xs, kh, kw, stride, OH, OW)
                     for kh in range(kernel) for kw in range(kernel)], 4)
    dw = products_over_rows(taps.reshape(R, B * OH * OW, -1),
                            dy.reshape(R, -1, O), convolution_chunk(OW))
    return dw.reshape(R, kernel, kernel, -1, O)


def convolution_bias_gradient(dy):
    R, B, OH, OW, O = dy.shape
    return bias_gradient(dy.reshape(R, -1, O), convolution_chunk(OW))


# Pools -----------------------------------------------------------------------

def windows(x, side):
    """(side^2, R, B, PH, PW, C), in (i, j) order; what is over is dropped."""
    PH, PW = x.shape[2] // side, x.shape[3] // side
    return np.stack([x[:, :, i:i + side * PH:side, j:j + side * PW:side]
                     for i in range(side) for j in range(side)])


def back_to_windows(values, shape, side):
    """The opposite of windows; +0 outside."""
    x = np.zeros(shape, F32)
    windows_of_x = [(i, j) for i in range(side) for j in range(side)]
    PH, PW = shape[2] // side, shape[3] // side
    for (i, j), v in zip(windows_of_x, values):
        x[:, :, i:i + side * PH:side, j:j + side * PW:side] = v
    return x


def max_pool(x, side):
    """The largest, and its index."""
    places = windows(x, side)
    best, index = places[0], np.zeros(places[0].shape, int)
    for k in range(1, side * side):
        index = np.where(best < places[k], k, index)
        best = np.where(best < places[k], places[k], best)
    return best, index


def max_pool_back(dy, index, shape, side):
    return back_to_windows([np.where(index == k, dy, ZERO)
                            for k in range(side * side)], shape, side)


def average_pool(x, side):
    return clean(add_in_order(windows(x, side), 0) * F32(1 / side ** 2))


def average_pool_back(dy, shape, side):
    s = dy * F32(1 / side ** 2)
    return back_to_windows([s] * side ** 2, shape, side)


# On elements -----------------------------------------------------------------

def dropout_scale(rate):
    return F32(1 / (1 - rate))


def dropout(x, words, rate):
    """words: one an element of x; rate is the share that goes."""
    threshold = int(np.floor(rate * 2.0 ** 32 + 0.5))
    return np.where(words >= threshold, clean(x * dropout_scale(rate)), ZERO)


def filtered(x, weights, scale, shift):
    """Along axis 2 of x (R, A, N + taps - 1, ...); scale, shift by channel."""
    count = x.shape[2] - len(weights) + 1
    xs = x.astype(F64)
    s = chain(((xs[:, :, i:i + count], F64(weight))
               for i, weight in enumerate(weights)),
              x.shape[:2] + (count,) + x.shape[3:])
    return clean(fma(s, scale, shift))


def blend(y, own, x, other):
    return clean(fma(y, own, x * other))


def gather(pixels, scale, shift):
    return clean(fma(pixels.astype(F32), scale, shift))


# Losses ----------------------------------------------------------------------

def softmax(z, T=1.0):
    """(..., N): p, log p, and the shift and log s that cross-entropy takes."""
    c = F32(1 / T)
    m = z[..., 0]
    for i in range(1, z.shape[-1]):
        m = np.where(m < z[..., i], z[..., i], m)
    d = z - m[..., None]
    e = exp(d * c)
    s = add_in_order(e, -1)
    log_s = log(s)
    return (e / s[..., None], fma(d, c, -log_s[..., None]), m, log_s)


def chain_where(condition, a, b):
    """Over the last axis: l = fma(a, b, l) where the condition holds."""
    s = np.zeros(a.shape[:-1], F32)
    for i in range(a.shape[-1]):
        s = np.where(condition[..., i], fma(a[..., i], b[..., i], s), s)
    return s


def one_hot(labels, count):
    return (labels[..., None] == np.arange(count)).astype(F32)


def cross_entropy_rows(z, labels):
    p, _, m, log_s = softmax(z)
    at_label = np.take_along_axis(z, labels[..., None], -1)[..., 0]
    return log_s - (at_label - m), p - one_hot(labels, z.shape[-1])


def cross_entropy(z, labels):
    loss, d = cross_entropy_rows(z, labels)
    return loss, clean(d * F32(1 / z.shape[1]))


def kl_rows(q, log_q, t, log_t):
    return chain_where(t > 0, t, log_t - log_q)


def kl(student, teacher, o):
    q, log_q, *_ = softmax(student, o.T)
    t, log_t, *_ = softmax(teacher, o.T)
    return (kl_rows(q, log_q, t, log_t),
            clean((q - t) * F32(1 / (o.T * o.B))))


def reverse_kl(student, teacher, o):
    q, log_q, *_ = softmax(student, o.T)
    t, log_t, *_ = softmax(teacher, o.T)
    r = log_q - log_t
    loss = chain_where(q > 0, q, r)
    d = np.where(q == 0, ZERO, q * (r - loss[..., None]))
    return loss, clean(d * F32(1 / (o.T * o.B)))


def jensen_shannon(student, teacher, o):
    q, t = softmax(student, o.T)[0], softmax(teacher, o.T)[0]
    m = (t + q) * F32(0.5)
    always = np.ones(q.shape, bool)
    with np.errstate(all="ignore"):     # what log makes of 0 is not taken
        v = np.where(t > 0, log(t / m), ZERO)
        u = np.where(q > 0, log(q / m), ZERO)
    j, k = chain_where(always, t, v), chain_where(always, q, u)
    d = q * (u - k[..., None])
    return (j + k) * F32(0.5), clean(d * F32(1 / (2 * o.T * o.B)))


def cosine_distance(student, teacher, o):
    always = np.ones(student.shape, bool)
    n = np.sqrt(chain_where(always, student, student))[..., None]
    other = np.sqrt(chain_where(always, teacher, teacher))[..., None]
    zero = (n == 0) | (other == 0)
    with np.errstate(all="ignore"):
        a, b = student / n, teacher / other
        d = clean(a - b)
        loss = chain_where(always, d, d) * F32(0.5)
        g = fma(-loss[..., None], a, d) / n
    return (np.where(zero[..., 0], F32(1), loss),
            np.where(zero, ZERO, clean(g * F32(1 / o.B))))


def classic_distillation(student, teacher, o):
    q, log_q, *_ = softmax(student, o.T)
    t, log_t, *_ = softmax(teacher, o.T)
    e, h = ZERO, ZERO
    if o.alpha > 0:
        e, h = cross_entropy_rows(student, o.labels)
        e = clean(e * F32(o.alpha))
        h = clean(h * F32(o.alpha / o.B))
    loss = fma(kl_rows(q, log_q, t, log_t), F32((1 - o.alpha) * o.T * o.T), e)
    return (clean(loss),
            clean(fma(q - t, F32((1 - o.alpha) * o.T / o.B), h)))


def mse_rows(d, divide, o):
    always = np.ones(d.shape, bool)
    count = d.shape[-1]
    return (chain_where(always, d, d) * F32(1 / count),
            clean(divide(d) * F32(2 / (o.B * count))))


def mse(student, teacher, o):
    return mse_rows(student - teacher, lambda d: d, o)


def moments(x):
    """Mean and deviation of each column of a batch (R, B, C)."""
    part = F32(1 / x.shape[1])
    mean = chunked_sum(x, 1) * part
    d = x - mean[:, None]
    ds = in_chunks(d, 1, min(CHUNK, x.shape[1])).astype(F64)
    p = chain(((ds[:, :, b], ds[:, :, b]) for b in range(ds.shape[2])),
              ds.shape[:2] + ds.shape[3:])
    return mean, np.sqrt(add_in_order(p, 1) * part)


def normalised_mse(student, teacher, o):
    sigma = moments(teacher)[1][:, None]

    def divide(d):
        with np.errstate(all="ignore"):
            return np.where(sigma > 0, d / sigma, ZERO)
    return mse_rows(divide(student - teacher), divide, o)


LOSSES = {"kl": kl, "revkl": reverse_kl, "js": jensen_shannon, "mse": mse,
          "mse-norm": normalised_mse, "cosine": cosine_distance,
          "kd": classic_distillation}


def mean(x):
    """Of the elements of each replica, (R, N)."""
    return chunked_sum(x, 1) * F32(1 / x.shape[1])


# Optimisers ------------------------------------------------------------------

class Optimiser:
    """Constants are computed in double (Python's floats) and rounded once."""

    def __init__(self, kind, beta1, beta2, epsilon, decay, weights):
        self.kind = kind
        self.beta1, self.beta2 = beta1, beta2
        self.epsilon, self.decay = epsilon, decay
        self.powers = [1.0, 1.0]
        self.m = [np.zeros(w.shape, F32) for w in weights]
        self.v = [np.zeros(w.shape, F32) for w in weights]

    def step(self, weights, gradients, rate):
        """The weights after the step, whose rate is a double."""
        self.powers[0] *= self.beta1
        self.powers[1] *= self.beta2
        new = []
        for i, (w, g) in enumerate(zip(weights, gradients)):
            if self.kind == "sgd":
                self.m[i] = clean_moment(fma(self.m[i], F32(self.beta1), g))
                new.append(clean(fma(-F32(rate), self.m[i], w)))
                continue
            if self.kind == "adamw":
                w = w * F32(1 - rate * self.decay)
            new.append(self.adam(i, w, g, F32(rate)))
        return new

    def adam(self, i, w, g, rate):
        u = g * F32(1 - self.beta1)
        m = fma(self.m[i], F32(self.beta1), u)
        q = g * g
        q = q * F32(1 - self.beta2)
        v = fma(self.v[i], F32(self.beta2), q)
        self.m[i], self.v[i] = clean_moment(m), clean_moment(v)
        h = self.v[i] * F32(1 / (1 - self.powers[1]))
        d = np.sqrt(h) + F32(self.epsilon)
        n = self.m[i] * F32(1 / (1 - self.powers[0]))
        n = n / d
        return clean(fma(-rate, n, w))


# Answers ---------------------------------------------------------------------

def argmax(x):
    """The first of the largest, of (..., N)."""
    best = np.zeros(x.shape[:-1], int)
    most = np.full(x.shape[:-1], -np.inf, F32)
    for i in range(x.shape[-1]):
        best = np.where(most < x[..., i], i, best)
        most = np.where(most < x[..., i], x[..., i], most)
    return best
