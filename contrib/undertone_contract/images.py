"""Clause 6 and the sections Augmentation, Noise fields and Noise of
docs/ARITHMETIC.md: what a network is shown."""

import math

import numpy as np

from .arithmetic import F32, ZERO, clean, fma, sine_of_turn
from .counted import Generator, scaled
from .operations import filtered, linear

IMAGENET = ((0.485, 0.456, 0.406), (0.229, 0.224, 0.225))


# Clause 6 --------------------------------------------------------------------

def mean_and_deviation(scale, pixels):
    """mu and sigma of each channel; pixels: training images (N, H, W, C)."""
    C = pixels.shape[3]
    if scale == "symmetric":
        return [0.5] * C, [0.5] * C
    if scale == "unit":
        return [0.0] * C, [1.0] * C
    if scale == "imagenet":
        return IMAGENET
    mu, sigma = [], []
    for c in range(C):
        values = pixels[..., c].astype(np.int64)
        average = int(values.sum()) / values.size
        variance = int((values * values).sum()) / values.size
        variance = variance - average * average
        mu.append(average / 255)
        sigma.append(math.sqrt(variance) / 255)
    return mu, sigma


def to_input(mu, sigma):
    """Scale and shift, by channel."""
    return (np.array([F32(1 / (255 * s)) for s in sigma]),
            np.array([F32(-m / s) for m, s in zip(mu, sigma)]))


# Augmentation ----------------------------------------------------------------

def of_both_sides(words, m):
    """-m ... m."""
    return (words.astype(np.uint64) * np.uint64(2 * m + 1)
            >> np.uint64(32)).astype(np.int64) - m


def augmented(pixels, words, rotate, shift, flip, brightness):
    """pixels (R, B, H, W, C) of whole numbers, words (R, B, 5)."""
    turn = math.floor(2 ** 32 * rotate / 360 + 0.5)
    bright = math.floor(256 * brightness + 0.5)
    angle = of_both_sides(words[..., 0], turn)
    c, s = (sixteen_bits(sine_of_turn(angle % 2 ** 32, quarter))
            for quarter in (1, 0))
    moved = warped(pixels, c, s, of_both_sides(words[..., 1], shift),
                   of_both_sides(words[..., 2], shift),
                   (words[..., 3] >> np.uint32(31) == 1) & flip)
    light = 256 + of_both_sides(words[..., 4], bright)
    return lit(moved, light[..., None, None, None])


def warped(pixels, c, s, down, right, flipped):
    """Turned, moved and flipped; c ... flipped are an image's, (R, B)."""
    H, W = pixels.shape[2:4]
    c, s, down, right, flipped = (np.asarray(v)[..., None, None]
                                  for v in (c, s, down, right, flipped))
    h, w = np.arange(H)[:, None], np.arange(W)
    w = np.where(flipped, W - 1 - w, w)
    y = 2 * (h - down) - (H - 1)
    x = 2 * (w - right) - (W - 1)
    return bilinear(pixels,
                    (c * y - s * x + (H - 1) * 2 ** 16 + 2 ** 8) >> 9,
                    (c * x + s * y + (W - 1) * 2 ** 16 + 2 ** 8) >> 9)


def sixteen_bits(sine):
    """Times 2^16, to the nearest whole number: half away from 0."""
    half = np.where(sine < 0, F32(-0.5), F32(0.5))
    return (sine * F32(65536) + half).astype(np.int64)  # the fraction goes


def bilinear(pixels, down, right):
    """Values at places in 1/256 of a pixel; 0 outside."""
    R, B, H, W, C = pixels.shape
    total = 2 ** 15
    r, b = np.arange(R)[:, None, None, None], np.arange(B)[:, None, None]
    for i in (0, 1):
        for j in (0, 1):
            h, w = (down >> 8) + i, (right >> 8) + j
            inside = (h >= 0) & (h < H) & (w >= 0) & (w < W)
            value = pixels[r, b, h.clip(0, H - 1), w.clip(0, W - 1)]
            weight = (down & 255 if i else 256 - (down & 255)) * \
                (right & 255 if j else 256 - (right & 255))
            total = total + np.where(inside, weight, 0)[..., None] * \
                value.astype(np.int64)
    return total >> 16


def lit(values, light):
    return np.minimum(values * light + 128 >> 8, 255)


def robust_copies(pixels, seed):
    """Name and pixels of each changed copy of the test images (N, H, W, C)."""
    N, H, W, C = pixels.shape
    pixels = pixels.astype(np.int64)
    zero = np.zeros((1, N), np.int64)
    turn = np.uint32(357913941)
    c, s = (sixteen_bits(sine_of_turn(turn, quarter)) for quarter in (1, 0))
    yield "rotated", warped(pixels[None], zero + c, zero + s, zero, zero,
                            zero > 0)[0]
    yield "cropped", warped(pixels[None], zero + 49152, zero, zero, zero,
                            zero > 0)[0]
    yield "low-light", lit(pixels, 64)
    block = -(-max(H, W) // 8)
    number = 8 * (np.arange(H)[:, None] // block) + np.arange(W) // block
    words = Generator(seed, [0], "busy").words(np.arange(N), 64 * C)[0]
    words = words[:, number[:, :, None] * C + np.arange(C)].astype(np.int64)
    if C == 1:
        yield "busy-background", np.maximum(pixels, words >> 25)
    else:
        yield "busy-background", (3 * pixels + (words >> 24) + 2) // 4


# Noise -----------------------------------------------------------------------

def exp_of_minus(x):
    """In double, with no function of a library."""
    y = x / 1024
    term = total = 1.0
    for k in range(1, 13):
        term = term * -y / k
        total += term
    for _ in range(10):
        total *= total
    return total


def blur_weights(sigma):
    r = math.ceil(3 * sigma)
    e = [exp_of_minus(i * i / (2 * sigma * sigma)) for i in range(r + 1)]
    total = 1.0
    for i in range(1, r + 1):
        total += 2 * e[i] * e[i]
    root = math.sqrt(total)
    return [clean(F32(e[abs(i - r)] / root)) for i in range(2 * r + 1)]


class Noise:
    """The noise of a recipe: images by their numbers. shape is (H, W, C)."""

    def __init__(self, recipe, replicas, shape, mu, sigma):
        self.recipe = recipe
        self.replicas = replicas
        self.shape = shape
        self.kind = recipe["distill.noise"]
        self.rank = recipe.whole("distill.noise_rank") \
            if self.kind == "lowrank" else 1
        self.grids = grids_of(*shape[:2])
        unit = {"octaves": 1 / octave_deviation(self.grids),
                "lowrank": 1 / math.sqrt(self.rank),
                "zeros": 0.0}.get(self.kind, 1.0)
        k = recipe.real("distill.noise_scale") * unit
        t = recipe.real("distill.noise_shift")
        if recipe["distill.noise_space"] == "input":
            mu, sigma = [0.0] * len(mu), [1.0] * len(mu)
        # by channel, the last axis of images
        self.scale = np.array([F32(k / s) for s in sigma])
        self.shift = np.array([F32((t - m) / s) for m, s in zip(mu, sigma)])
        self.generator = Generator(recipe.whole("seed"), replicas, "nois")

    def images(self, numbers):
        """Noise images (R, B, H, W, C); numbers (R, B)."""
        if self.kind == "normal":
            return self.independent(numbers, self.generator.normal)
        if self.kind in ("uniform", "zeros"):
            return self.independent(numbers, self.generator.uniform)
        return getattr(self, self.kind)(numbers)

    def independent(self, numbers, draw):
        z = draw(numbers, math.prod(self.shape))
        return scaled(z.reshape(numbers.shape + self.shape), self.scale,
                      self.shift)

    def numbers_of(self, images, count):
        """Normal numbers (scale 1, shift 0) of images by their numbers."""
        return scaled(self.generator.normal(images, count), F32(1), ZERO)

    def blurred(self, numbers):
        (R, B), (H, W, C) = numbers.shape, self.shape
        weights = blur_weights(self.recipe.real("distill.noise_sigma"))
        h, w = H + len(weights) - 1, W + len(weights) - 1
        x = self.numbers_of(numbers, h * w * C).reshape(R, B * h, w, C)
        x = filtered(x, weights, F32(1), ZERO).reshape(R, B, h, W, C)
        return filtered(x, weights, self.scale, self.shift)

    def lowrank(self, numbers):
        generator = Generator(self.recipe.whole("seed"), self.replicas, "basi")
        z = generator.normal(np.arange(self.rank), math.prod(self.shape))
        z = z.reshape(z.shape[:2] + self.shape)
        return self.combined(numbers, scaled(z, self.scale, ZERO))

    def constant(self, numbers):
        direction = np.broadcast_to(clean(self.scale),
                                    (len(numbers), 1) + self.shape)
        return self.combined(numbers, direction)

    def combined(self, numbers, directions):
        """Sums of directions (R, rank, H, W, C), with normal weights."""
        weights = self.numbers_of(numbers, directions.shape[1])
        bias = np.broadcast_to(clean(self.shift),
                               directions.shape[:1] + self.shape)
        x = linear(weights, directions.reshape(directions.shape[:2] + (-1,)),
                   bias.reshape(len(bias), -1))
        return x.reshape(numbers.shape + self.shape)

    def octaves(self, numbers):
        C, grids = self.shape[2], self.grids
        q = self.recipe.real("distill.noise_correlation") if C > 1 else 0.0
        shared, own = F32(q), F32(math.sqrt(1 - q * q))
        planes, count = C + (shared != 0), sum(h * w for h, w in grids)
        z = self.numbers_of(numbers, planes * count)
        f = field(z.reshape(numbers.shape + (planes, count)), grids)
        m = shared * f[:, :, :1] if shared else ZERO
        m = fma(own, f[:, :, planes - C:], m)
        return clean(fma(np.moveaxis(m, 2, -1), self.scale, self.shift))


# Octaves ---------------------------------------------------------------------

def grids_of(H, W):
    grids = [(H, W)]
    while grids[-1] != (1, 1):
        grids.append(tuple((n + 1) // 2 for n in grids[-1]))
    return grids


def field(z, grids):
    """Of planes (..., numbers), at every pixel: (..., H, W)."""
    H, W = grids[0]
    t, at = np.zeros(z.shape[:-1] + (H, W), F32), 0
    for k, (n, m) in enumerate(grids):
        g = z[..., at:at + n * m].reshape(z.shape[:-1] + (n, m))
        at += n * m
        i, below, fh = cells(n, H)
        j, after, fw = cells(m, W)
        upper, lower = (lerp(g[..., row[:, None], j],
                             g[..., row[:, None], after], fw)
                        for row in (i, below))
        v = lerp(upper, lower, fh[:, None])
        t = fma(F32(1 if k else 0.5), v, t)
    return clean(t)


def cells(n, S):
    """For each of S pixels the two cells of n around it, and how far on."""
    p = np.array([(2 * d + 1) * n * 2 ** 15 // S - 2 ** 15 for d in range(S)])
    p = p.clip(0, (n - 1) * 2 ** 16)
    i = p >> 16
    return i, np.minimum(i + 1, n - 1), \
        (p & 0xffff).astype(F32) * F32(2.0 ** -16)


def lerp(a, b, f):
    return fma(b - a, f, a)


def octave_deviation(grids):
    """In double, in this order."""
    (H, W), variance = grids[0], 0.25
    for n, m in grids[1:]:
        variance += mean_square(n, H) * mean_square(m, W)
    return math.sqrt(variance)


def mean_square(n, S):
    """Mean over S pixels of the sum of the squares of both cells' weights."""
    total = 0.0
    for f in cells(n, S)[2].tolist():
        total += (1 - f) * (1 - f) + f * f
    return total / S
