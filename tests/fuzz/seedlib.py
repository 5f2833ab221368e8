# SPDX-License-Identifier: GPL-2.0-or-later
# Copyright (C) 2026 The dpkg-immutable authors
"""What the scripts that make seeds share."""
import os

SEPARATOR = b"\x1e"
HEX = "0123456789abcdef"


class Seeds:
    def __init__(self, folder):
        self.folder, self.count = folder, {}

    def add(self, target, data):
        if isinstance(data, str):
            data = data.encode()
        folder = os.path.join(self.folder, target)
        os.makedirs(folder, exist_ok=True)
        n = self.count[target] = self.count.get(target, 0) + 1
        with open(os.path.join(folder, f"{n:03}"), "wb") as f:
            f.write(data)


def read(path, most=1 << 20):
    try:
        with open(path, "rb") as f:
            return f.read(most)
    except OSError:
        return b""


def words(list_of):
    return b"\0".join(os.fsencode(w) for w in list_of)


def several(choice, *texts):
    return bytes([choice]) + SEPARATOR.join(
        t if isinstance(t, bytes) else t.encode() for t in texts)
