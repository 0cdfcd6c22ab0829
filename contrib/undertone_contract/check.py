"""Whether this implementation is what it says: against exact fractions, the
generator's published vectors, and the probe vectors of a device's opening."""

from fractions import Fraction
import math

import numpy as np

from . import arithmetic as ar
from . import operations as op
from .arithmetic import F32, F64, of_bits
from .counted import normal, philox


def rounded(exact):
    """The fp32 number nearest to a fraction, ties to even; None where that is
    neither 0 nor normal."""
    if exact == 0:
        return F32(0)
    size = abs(exact)
    e = size.numerator.bit_length() - size.denominator.bit_length()
    if size < Fraction(2) ** e:
        e -= 1                      # 2^e <= size < 2^(e + 1)
    scaled = size / Fraction(2) ** (e - 23)
    whole = math.floor(scaled)
    rest = scaled - whole
    if rest > Fraction(1, 2) or (rest == Fraction(1, 2) and whole & 1):
        whole += 1
    value = whole * Fraction(2) ** (e - 23)
    if not Fraction(2) ** -126 <= value < Fraction(2) ** 128:
        return None
    return F32(float(value)) * F32(1 if exact > 0 else -1)


def numbers(rng, count, low, high):
    """Of random sign and bits, with exponents of low ... high - 1."""
    bits = rng.integers(0, 2 ** 24, count, dtype=np.uint32)
    e = rng.integers(low, high, count)
    return np.ldexp((bits | 2 ** 23).astype(F64), e - 23).astype(F32) * \
        signs(rng, count)


def signs(rng, count):
    return np.where(rng.integers(0, 2, count) > 0, F32(1), F32(-1))


def hard_sums(rng, count):
    """a, b, c whose exact sum lies next to the middle of two fp32 numbers, but
    nearer to it than float64 can tell: where rounding twice goes wrong."""
    # products of 2^47 + r, 0 < |r| < 2^17, each half a unit of c's last place
    m = rng.integers(2 ** 23, 2 ** 24, 64 * count)
    n = (2 ** 47 + m // 2) // m
    r = m * n - 2 ** 47
    near = np.flatnonzero((r != 0) & (abs(r) < 2 ** 17))[:count]
    scale = np.ldexp(1.0, rng.integers(-60, 40, len(near)))
    a = (m[near] * scale).astype(F32) * signs(rng, len(near))
    c = np.ldexp(rng.integers(2 ** 23, 2 ** 24, len(near)).astype(F64), 48)
    yield a, n[near].astype(F32), \
        (c * scale).astype(F32) * signs(rng, len(near))
    # products of 25 bits, the last one set, and a far smaller c
    m = rng.integers(2 ** 12, 2 ** 13, count) | 1
    n = rng.integers(2 ** 12, 2 ** 13, count) | 1
    c = numbers(rng, count, -70, -40)
    yield m.astype(F32) * signs(rng, count), n.astype(F32), c
    # cancellation: c is the rounded product's opposite
    a, b = numbers(rng, count, -20, 20), numbers(rng, count, -20, 20)
    yield a, b, -(a * b)


def check_fma(count=5000):
    """Counts triples that were compared, and those that differ."""
    rng = np.random.default_rng(1)
    triples = [(numbers(rng, count, -40, 40), numbers(rng, count, -40, 40),
                numbers(rng, count, -60, 60)),
               (numbers(rng, count, -4, 4), numbers(rng, count, -4, 4),
                numbers(rng, count, -4, 4))] + list(hard_sums(rng, count))
    compared = wrong = twice = 0
    for a, b, c in triples:
        mine = ar.fma(a, b, c)
        naive = (a.astype(F64) * b + c).astype(F32)
        for i in range(len(a)):
            true = rounded(Fraction(float(a[i])) * Fraction(float(b[i])) +
                           Fraction(float(c[i])))
            if true is not None:
                compared += 1
                wrong += not mine[i] == true
                twice += not naive[i] == true
    return compared, wrong, twice


def probe_vectors():
    """(what, the bits that come out, those that must)."""
    def bits(x):
        return int(ar.bits_of(x))

    def f(*words):
        return [of_bits(word) for word in words]

    for words, must in (((0x3f800800, 0x3f800800, 0xbf801000), 0x33800000),
                        ((0x3f7288d0, 0x34f91a50, 0xbe7916c0), 0xbe7916a3),
                        ((0xd58ceec0, 0x34670000, 0x980645fc), 0xca7e56df)):
        yield "fma", bits(ar.fma(*f(*words))), must
    a, b, c = f(0x3f800800, 0x3f800800, 0xbf801000)
    yield "product, then sum", bits(a * b + c), 0
    for x, y, must in ((0x3f800000, 0x33800000, 0x3f800000),
                       (0x3f800001, 0x33800000, 0x3f800002)):
        yield "ties to even", bits(of_bits(x) + of_bits(y)), must
    a, b = f(0x3f800000, 0x4cbebc20)
    yield "(a + b) - b", bits((a + b) - b), 0
    yield "-0 + +0", bits(F32(-0.0) + F32(0)), 0
    yield "+0 * -1", bits(F32(0) * F32(-1)), 0x80000000
    yield "x + -x", bits(F32(3) + F32(-3)), 0
    for x, y, must in ((0x3fbd09ab, 0x3f8cde6e, 0x3fabc4bd),
                       (0x3fab2876, 0x3fb63c5f, 0x3f707031),
                       (0x41b1dae4, 0xc35488a1, 0xbdd63aa2),
                       (0xac84e721, 0xa98597fd, 0x427ead18)):
        yield "division", bits(of_bits(x) / of_bits(y)), must
    for whole, must in ((16777217, 0x4b800000), (16777219, 0x4b800002)):
        yield "whole to float", bits(np.uint32(whole).astype(F32)), must


def philox_vectors():
    """Those that the generator's authors publish (Random123, kat_vectors)."""
    for counter, key, must in (
            ((0, 0, 0, 0), (0, 0),
             (0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8)),
            ((0xffffffff,) * 4, (0xffffffff,) * 2,
             (0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd)),
            ((0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344),
             (0xa4093822, 0x299f31d0),
             (0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1))):
        yield "philox", philox(*counter, *key).tolist(), list(must)


def farthest(name, x, true, ulp):
    """The largest error of a function, in units of the last place."""
    function = {"exp": ar.exp, "log": ar.log,
                "sine": lambda turn: ar.sine_of_turn(turn, 0)}[name]
    return float(np.max(np.abs(function(x).astype(F64) - true) / ulp(true)))


def check_functions():
    """(name, error in ulp, the most that the document says)."""
    def ulp(true):
        return np.spacing(np.abs(true).astype(F32)).astype(F64)

    rng = np.random.default_rng(2)
    x = rng.uniform(-28, 10, 1 << 16).astype(F32)
    yield "exp", farthest("exp", x, np.exp(x.astype(F64)), ulp), 1
    x = numbers(rng, 1 << 16, -60, 60)
    x = np.abs(x)
    yield "log", farthest("log", x, np.log(x.astype(F64)), ulp), 1
    turn = rng.integers(0, 2 ** 32, 1 << 16).astype(np.uint32)
    true = np.sin(turn.astype(F64) * (2 * math.pi / 2 ** 32))
    yield "sine", farthest("sine", turn, true, ulp), 4


def check(say=print):
    """True when all is as it should be; says what was looked at."""
    good = True

    def verdict(fine, text):
        nonlocal good
        good = good and fine
        say(f"{'ok' if fine else 'WRONG'}: {text}")

    compared, wrong, twice = check_fma()
    verdict(compared and not wrong,
            f"fma: {wrong} of {compared} triples differ from the rounded "
            f"fraction ({twice} would if the sum were rounded twice)")
    verdict(twice > 0, "fma: some of them are hard")
    for vectors in (probe_vectors(), philox_vectors()):
        for what, found, must in vectors:
            verdict(found == must, f"{what}: {found}")
    for name, error, most in check_functions():
        verdict(error <= most, f"{name}: {error:.2f} ulp at most")
    z = normal(philox(np.arange(1 << 14), 0, 0, 0, 1, 0).reshape(1, 1, -1))
    verdict(abs(float(z.mean(dtype=F64))) < 0.02 and
            abs(float(z.std(dtype=F64)) - 1) < 0.02, "normal numbers")
    z = (np.arange(15, dtype=F32) / F32(7)).reshape(1, 3, 5)
    for name, loss in op.LOSSES.items():
        options = type("", (), {"T": 2.0, "alpha": 0.0, "B": 3,
                                "labels": None})
        rows, gradient = loss(z, z, options)
        verdict(not rows.any() and not gradient.any(),
                f"{name} of equal logits is nothing")
    return good
