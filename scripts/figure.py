#!/usr/bin/env python3
"""Draws a run's accuracies as an SVG: bars, 95% intervals, every replica, chance.

usage: scripts/figure.py RUN >FILE.svg        reads RUN/receipt.json
"""
import json
import sys
from pathlib import Path

ROWS = [  # condition, what stands below its bar, colour (Okabe and Ito)
    ("teacher", "teacher", "#999999"),
    ("ceiling", "ceiling", "#999999"),
    ("aux", "aux\nsame init", "#0072b2"),
    ("cross-aux", "aux\nother init", "#d55e00"),
    ("all", "all logits\nsame init", "#56b4e9"),
    ("cross-all", "all logits\nother init", "#e69f00"),
    ("reference", "untrained", "#999999"),
]
LEFT, RIGHT, TOP, HEIGHT, STEP, BAR = 62, 64, 46, 240, 92, 52


def y(accuracy):
    return TOP + HEIGHT * (1 - accuracy)


def text(x, at, words, size=13, anchor="middle", extra=""):
    return f'<text x="{x:.1f}" y="{at:.1f}" font-size="{size}" text-anchor="{anchor}" {extra}>{words}</text>'


def bar(x, condition, label, colour):
    values, mean = condition["accuracy"], condition["mean"]
    half = condition["half_interval_95"]
    parts = [f'<rect x="{x - BAR / 2}" y="{y(mean):.1f}" width="{BAR}" height="{y(0) - y(mean):.1f}" fill="{colour}"/>']
    for i, value in enumerate(values):
        dot = x + (i - (len(values) - 1) / 2) * min(8, BAR / len(values))
        parts.append(f'<circle cx="{dot:.1f}" cy="{y(value):.1f}" r="2.5" fill="#fff" stroke="#000"/>')
    parts.append(f'<path d="M{x - 9} {y(mean - half):.1f}h18m-9 0V{y(mean + half):.1f}m-9 0h18" stroke="#000" fill="none"/>')
    parts.append(text(x, min(y(mean + half), y(max(values))) - 7, f"{mean:.3f}"))
    parts += [text(x, y(0) + 18 + 15 * i, line) for i, line in enumerate(label.split("\n"))]
    return parts


def main(run):
    receipt = json.loads((Path(run) / "receipt.json").read_text())
    rows = [row for row in ROWS if row[0] in receipt["conditions"]]
    width, height = LEFT + STEP * len(rows) + RIGHT, TOP + HEIGHT + 50
    title = f'Test accuracy on {receipt["data"]["set"]}: {receipt["replicas"]} replicas, mean and 95% interval'
    chance = receipt["chance"]
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" viewBox="0 0 {width} {height}" '
        'font-family="DejaVu Sans, Verdana, sans-serif">',
        f"<title>{title}</title>",
        f'<rect width="{width}" height="{height}" fill="#fff"/>',
        text(LEFT, 22, title, 15, "start"),
    ]
    for tick in range(0, 11, 2):
        out.append(f'<path d="M{LEFT} {y(tick / 10):.1f}H{width - RIGHT}" stroke="#ddd"/>')
        out.append(text(LEFT - 8, y(tick / 10) + 4, f"{tick / 10:.1f}", 12, "end"))
    for i, (name, label, colour) in enumerate(rows):
        out += bar(LEFT + STEP * (i + 0.5), receipt["conditions"][name], label, colour)
    out.append(f'<path d="M{LEFT} {y(chance):.1f}H{width - RIGHT}" stroke="#000" stroke-dasharray="5 4"/>')
    out.append(text(width - RIGHT + 6, y(chance) + 4, "chance", 12, "start"))
    print("\n".join(out) + "\n</svg>")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(sys.argv[1])
