"""Clause 5 of docs/ARITHMETIC.md and its section The generator: numbers that
are counted; random numbers, whole numbers and orders made of them."""

import numpy as np

from .arithmetic import F32, clean, fma, log, sine_of_turn


def purpose(name, offset=0):
    """The key's second word: four letters, the first in the highest byte."""
    return int.from_bytes(name.encode(), "big") + offset


def philox(block, row, replica, stream, seed, purpose):
    """Philox4x32-10: the four words of a block, (..., 4)."""
    x = [np.asarray(part, np.uint64) for part in (block, row, replica, stream)]
    low = np.uint64(0xffffffff)
    for i in range(10):
        k0 = np.uint64((seed + i * 0x9e3779b9) & 0xffffffff)
        k1 = np.uint64((purpose + i * 0xbb67ae85) & 0xffffffff)
        first = x[0] * np.uint64(0xd2511f53)
        second = x[2] * np.uint64(0xcd9e8d57)
        x = [(second >> np.uint64(32)) ^ x[1] ^ k0, second & low,
             (first >> np.uint64(32)) ^ x[3] ^ k1, first & low]
    return np.stack(np.broadcast_arrays(*x), -1).astype(np.uint32)


class Generator:
    """The words of one seed, purpose and stream, of all replicas."""

    def __init__(self, seed, replicas, name, stream=0, offset=0):
        self.seed = seed
        self.replicas = np.asarray(replicas)
        self.stream = stream
        self.purpose = purpose(name, offset)

    def words(self, rows, count):
        """Elements 0 ... count - 1 of each replica's rows.

        rows: the same for all replicas (N), or (R, N). Gives (R, N, count)."""
        rows = np.atleast_2d(np.asarray(rows) % 2 ** 32)
        blocks = np.arange(-(-count // 4))
        words = philox(blocks, rows[:, :, None],
                       self.replicas[:, None, None], self.stream, self.seed,
                       self.purpose)
        return words.reshape(words.shape[:2] + (-1,))[:, :, :count]

    def uniform(self, rows, count):
        return uniform(self.words(rows, count))

    def normal(self, rows, count):
        return normal(self.words(rows, count + -count % 4))[:, :, :count]

    def sequence(self, row, r):
        """Words 0, 1, ... of a row of the r-th replica."""
        block = 0
        while True:
            yield from philox(np.arange(block, block + 256), row,
                              self.replicas[r], self.stream, self.seed,
                              self.purpose).ravel().tolist()
            block += 256

    def order(self, row, count):
        """The order of an epoch, (R, count)."""
        return np.array([order(self.sequence(row, r), count)
                         for r in range(len(self.replicas))])


def uniform(words):
    """Of [-1, 1)."""
    return fma((words >> np.uint32(8)).astype(F32), F32(2.0 ** -23), F32(-1))


def normal(words):
    """Box and Muller: words (0, 1) and (2, 3) of a block make two each."""
    pairs = words.reshape(words.shape[:-1] + (-1, 2))
    u = (pairs[..., 0] >> np.uint32(8) | np.uint32(1)).astype(F32)
    radius = np.sqrt(F32(-2) * log(u * F32(2.0 ** -24)))
    z = np.stack((radius * sine_of_turn(pairs[..., 1], 1),
                  radius * sine_of_turn(pairs[..., 1], 0)), -1)
    return z.reshape(words.shape)


def scaled(z, scale, shift):
    """What the operation `random` stores."""
    return clean(fma(z, scale, shift))


def whole_number(sequence, n):
    """Below n, with no bias (Lemire 2019)."""
    threshold = 2 ** 32 % n
    while True:
        product = next(sequence) * n
        if product & 0xffffffff >= threshold:
            return product >> 32


def order(sequence, count):
    ids = list(range(count))
    for i in range(count - 1, 0, -1):
        j = whole_number(sequence, i + 1)
        ids[i], ids[j] = ids[j], ids[i]
    return ids
