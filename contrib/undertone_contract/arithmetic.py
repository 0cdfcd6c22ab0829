"""The eight clauses of docs/ARITHMETIC.md, and its section Functions.

Numbers are NumPy arrays of float32, whose +, -, *, / and sqrt round once, to
nearest. Nothing else of NumPy's that rounds is used: no sum, no dot, no exp.
"""

import numpy as np

F32 = np.float32
F64 = np.float64
ZERO = F32(0)
CHUNK = 256


def of_bits(bits):
    """The fp32 number that these bits are."""
    return np.uint32(bits).view(F32)


def bits_of(x):
    return np.asarray(x, F32).view(np.uint32)


# Clause 1: one rounding a statement ------------------------------------------

def fma(a, b, c):
    """a b + c with one rounding; a, b and c are fp32."""
    return add_once(np.multiply(a, b, dtype=F64), c)


def add_once(product, c):
    """The fp32 number nearest to product + c; product is exact, in float64.

    A product of two fp32 numbers has 48 bits and float64 holds 53. Its sum with
    c is rounded twice, to float64 and then to fp32, and that matters only where
    the first rounding ends in the middle between two fp32 numbers: there the
    sum is rounded to odd instead, which keeps the side it came from (Boldo and
    Melquiond, 2008). So for results that are 0 or normal, and clause 4 says
    that there are no others.
    """
    total = np.asarray(np.add(product, c, dtype=F64))
    middle = (total.view(np.int64) & 0x1fffffff) == 0x10000000
    if middle.any():
        total = np.where(middle, add_to_odd(product, c), total)
    return total.astype(F32)


def add_to_odd(a, b):
    """a + b in float64, rounded to the neighbour with an odd last bit."""
    a, b = np.broadcast_arrays(np.asarray(a, F64), np.asarray(b, F64))
    total = a + b
    back = total - a
    error = (a - (total - back)) + (b - back)       # exact (TwoSum)
    bits = total.view(np.int64)
    away = np.where((error > 0) == (total > 0), 1, -1)
    inexact = ((error < 0) | (error > 0)) & (bits & 1 == 0)
    return np.where(inexact, bits + away, bits).view(F64)


# Clause 2: order -------------------------------------------------------------

def chain(pairs, shape):
    """s = +0; for each (a, b) in order s = fma(a, b, s).

    a and b are float64 arrays of fp32 numbers, so that they are converted once.
    """
    s = np.zeros(shape, F32)
    for a, b in pairs:
        s = add_once(a * b, s)
    return s


def in_chunks(x, axis, size):
    """The axis cut in chunks: (..., chunks, size, ...); the last is filled with
    +0, which changes no chain."""
    count = -(-x.shape[axis] // size)
    fill = [(0, 0)] * x.ndim
    fill[axis] = (0, count * size - x.shape[axis])
    x = np.pad(x, fill)
    return x.reshape(x.shape[:axis] + (count, size) + x.shape[axis + 1:])


def add_in_order(x, axis):
    """s = +0; for each element along the axis, in order, s = s + element."""
    x = np.moveaxis(x, axis, 0)
    s = np.zeros(x.shape[1:], F32)
    for element in x:
        s = s + element
    return s


def chunked_sum(x, axis, chunk=CHUNK):
    """A sum over a batch: of each chunk's sum, chunks in order."""
    x = in_chunks(x, axis, min(chunk, x.shape[axis]))
    return add_in_order(add_in_order(x, axis + 1), axis)


# Clause 4: clean operands ----------------------------------------------------

def clean(x):
    return np.where(np.abs(x) < F32(2.0 ** -40), ZERO, x)


def clean_moment(x):
    return np.where(np.abs(x) < F32(2.0 ** -100), ZERO, x)


def relu(x):
    return np.where(x > 0, x, ZERO)         # a NaN becomes +0 (clause 7)


def is_finite(x):
    return bool(np.isfinite(x).all())


# Functions (clause 3) --------------------------------------------------------

def polynomial(x, coefficients):
    """Horner's scheme, one fma a coefficient; bits, the highest power first."""
    p = of_bits(coefficients[0])
    for c in coefficients[1:]:
        p = fma(p, x, of_bits(c))
    return p


def exp(x):
    magic = F32(12582912)                   # 1.5 x 2^23
    shifted = fma(x, of_bits(0x3fb8aa3b), magic)
    n = shifted - magic
    r = fma(n, of_bits(0xbf317218), x)
    r = fma(n, of_bits(0x3102e308), r)
    p = polynomial(r, (0x3ab6da74, 0x3c091def, 0x3d2aaa2f, 0x3e2aaa47,
                       0x3f000000, 0x3f800000, 0x3f800000))
    scale = ((bits_of(shifted) - np.uint32(0x4b400000) + np.uint32(127))
             << np.uint32(23)).view(F32)
    return np.where(x < F32(-28), ZERO, p * scale)


def log(x):
    shifted = bits_of(x) - np.uint32(0x3f3504f3)
    e = (shifted.view(np.int32) >> 23).astype(F32)
    f = ((shifted & np.uint32(0x7fffff)) + np.uint32(0x3f3504f3)).view(F32)
    f = f - F32(1)
    square = f * f
    cube = square * f
    p = polynomial(f, (0xbd9c5ac0, 0x3e02adb5, 0xbe06c2a1, 0x3e116d0e,
                       0xbe2a3922, 0x3e4cd004, 0xbe800113, 0x3eaaaaaa))
    p = fma(p, cube, e * of_bits(0xb102e308))
    p = fma(square, F32(-0.5), p)
    p = p + f
    return fma(e, of_bits(0x3f317218), p)


def sine_of_turn(turn, quarter):
    """Sine (quarter 0) or cosine (1) of the angle 2 pi turn / 2^32."""
    turn = np.asarray(turn, np.uint32)
    q = (turn + np.uint32(0x20000000)) >> np.uint32(30)
    y = (turn - (q << np.uint32(30))).view(np.int32).astype(F32)
    y = y * of_bits(0x30c90fdb)
    t = y * y
    s = polynomial(t, (0xb94ca1f0, 0x3c08839d, 0xbe2aaaa3))
    s = fma(s, t * y, y)
    c = polynomial(t, (0x37ccf5ce, 0xbab6061a, 0x3d2aaaa5, 0xbf000000,
                       0x3f800000))
    k = q + np.uint32(quarter)
    odd = np.where(k & np.uint32(1), c, s)
    return np.where(k & np.uint32(2), -odd, odd)
