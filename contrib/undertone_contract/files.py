"""A run's folder, and its data as `undertone export` gives them."""

import configparser
import csv
import json
import math
import os
import subprocess
import types

import numpy as np
import xxhash

# Keys that change nothing of the data.
DATA_KEYS = ("data.set", "data.classes", "data.split", "data.limit",
             "image.size", "image.colour", "image.fit", "distill.noise_set")


class CannotRepeat(Exception):
    """What is missing, or does not fit the run."""


class Recipe(dict):
    """All keys of a resolved recipe, "section.key" or "key", as text."""

    def __init__(self, text):
        parser = configparser.ConfigParser(
            interpolation=None, delimiters=("=",),
            comment_prefixes=("#", ";"), default_section="none of them")
        parser.optionxform = str
        parser.read_string("[top]\n" + text)
        super().__init__({
            (key if section == "top" else f"{section}.{key}"): value
            for section in parser.sections()
            for key, value in parser[section].items()})

    def whole(self, key):
        return int(self[key])

    def real(self, key):
        return float(self[key])     # the nearest double


class Run:
    """What a run wrote of itself."""

    def __init__(self, folder):
        self.folder = folder
        try:
            with open(os.path.join(folder, "recipe.ini")) as file:
                self.recipe = Recipe(file.read())
            with open(os.path.join(folder, "receipt.json")) as file:
                self.receipt = json.load(file)
            path = os.path.join(folder, "metrics.csv")
            self.losses = {}
            if os.path.exists(path):
                with open(path) as file:
                    self.losses = {
                        (row["phase"], int(row["epoch"]),
                         int(row["replica"])): float(row["loss"])
                        for row in csv.DictReader(file) if row["loss"]}
            self.prints = self.receipt["fingerprints"]
        except (OSError, ValueError, KeyError, configparser.Error) as problem:
            raise CannotRepeat(f"{folder}: no run's folder: {problem!r}")
        if self.receipt.get("contract") != 1:
            raise CannotRepeat(f"{folder}: of another contract")


def read_tensors(path):
    """The notes and tensors of a safetensors file."""
    kinds = {"F32": "<f4", "U8": "u1", "I64": "<i8"}
    try:
        with open(path, "rb") as file:
            length = int.from_bytes(file.read(8), "little")
            header = json.loads(file.read(length))
            body = file.read()
        notes = header.pop("__metadata__")
        return notes, {
            name: np.frombuffer(body, kinds[entry["dtype"]],
                                math.prod(entry["shape"]),
                                entry["data_offsets"][0])
            .reshape(entry["shape"]) for name, entry in header.items()}
    except (OSError, ValueError, KeyError) as problem:
        raise CannotRepeat(f"{path}: cannot be read: {problem!r}")


def digest(images, labels):
    """Of a set, as receipts have it: pixels (N, H, W, C), then labels."""
    return xxhash.xxh3_128(images.tobytes() +
                           labels.astype(np.uint8).tobytes()).hexdigest()


def present(recipe, classes):
    """The first of the classes kept, and beyond the last (data.classes)."""
    if recipe["data.classes"] == "all":
        return 0, classes
    words = recipe["data.classes"].replace("-", ",").split(",")
    return int(words[0]), int(words[-1]) + 1


def read_data(run, path):
    """Images and labels that an export of the run has."""
    notes, tensors = read_tensors(path)
    other = Recipe(notes.get("recipe", ""))
    for key in DATA_KEYS:
        if other.get(key) != run.recipe[key]:
            raise CannotRepeat(f"{path}: is of other data: {key} = "
                               f"{other.get(key)}")
    of_run = run.receipt["data"]
    data = types.SimpleNamespace(classes=of_run["classes"])
    try:
        for name in ("train", "test"):
            images = tensors[name + ".images"].transpose(0, 2, 3, 1)
            labels = tensors[name + ".labels"]
            setattr(data, name, np.ascontiguousarray(images))
            setattr(data, name + "_labels", labels)
            if digest(images, labels) != of_run[name]["xxh3_128"]:
                raise CannotRepeat(f"{path}: {name}: the digest is not the "
                                   "receipt's")
        data.shown = data.train if not run.recipe["distill.noise_set"] else \
            tensors["shown.images"].transpose(0, 2, 3, 1)
    except KeyError as problem:
        raise CannotRepeat(f"{path}: has no {problem}: wants `undertone "
                           "export RUN --what data`")
    data.present = present(run.recipe, data.classes)
    return data


def export_data(run, program, data_dir, path):
    """Has the program write its data."""
    command = [program, "export", run.folder, "--what", "data", "--device",
               "host", "--out", path]
    if data_dir:
        command += ["--data-dir", data_dir]
    try:
        status = subprocess.run(command, stdout=subprocess.DEVNULL).returncode
    except OSError as problem:
        raise CannotRepeat(f"cannot start {program}: {problem}; --undertone "
                           "says where it is, or --data has its export")
    if status:
        raise CannotRepeat("could not: " + " ".join(command))
