"""What a disk may hold after the power failed: rebuilt from the requests that `shim.c` recorded.

What was synced is there. Of what was not, any part may be: each write or truncation alone may be there or not, in any
combination, and the last of a file may be torn at a multiple of 512 bytes. A file that was made is there for certain once its
directory was synced, and one that was removed is gone for certain then.
"""

import os
import pathlib
import random
import struct

OPEN, WRITE, TRUNCATE, SYNC, UNLINK, FAILED = 1, 2, 3, 4, 5, 6
HEAD = struct.Struct("<5Q")
SECTOR = 512


def read_log(path, directory):
    """The requests in their order: kind, name below the directory ('' is the directory itself), offset, data, time."""
    names, requests = {}, []
    with open(path, "rb") as log:
        while head := log.read(HEAD.size):
            kind, file, offset, length, time = HEAD.unpack(head)
            data = log.read(length) if length else b""
            if kind in (OPEN, UNLINK):
                names[file] = os.path.relpath(data.decode(), directory)
            name = names[file]
            requests.append((kind, "" if name == "." else name, offset, data, time))
    return requests


class File:
    def __init__(self):
        self.durable, self.pending = bytearray(), []
        # Whether its name is on disk: None while that may be so or not.
        self.named = None

    def sync(self):
        for request in self.pending:
            apply(self.durable, request)
        self.pending = []


def apply(content, request):
    kind, offset, data = request
    if kind == TRUNCATE:
        del content[offset:]
        content.extend(b"\0" * (offset - len(content)))
        return
    if len(content) < offset:
        content.extend(b"\0" * (offset - len(content)))
    content[offset:offset + len(data)] = data


class Disk:
    """The disk, request after request. `lying`: it says that it synced and does not, for so large a part of the syncs."""

    def __init__(self, lying=0.0, chance=None):
        self.files, self.removed, self.folders = {}, {}, {""}
        self.lying, self.chance = lying, chance or random.Random(1)

    def add(self, request):
        kind, name, offset, data, _ = request
        if kind == OPEN:
            if offset & (os.O_CREAT | os.O_WRONLY | os.O_RDWR) and name not in self.files:
                self.files[name] = File()
            if offset & os.O_DIRECTORY:
                self.folders.add(name)
        elif kind in (WRITE, TRUNCATE):
            self.files[name].pending.append((kind, offset, data))
        elif kind == UNLINK:
            if name in self.files:
                self.removed[name] = self.files.pop(name)
        elif kind == SYNC and not (self.lying and self.chance.random() < self.lying):
            if name in self.files:
                self.files[name].sync()
            else:
                self.sync_folder(name)

    def sync_folder(self, folder):
        for name, file in self.files.items():
            if os.path.dirname(name) == folder:
                file.named = True
        for name in [name for name in self.removed if os.path.dirname(name) == folder]:
            del self.removed[name]

    def is_settled(self):
        """Whether nothing may be lost or half there: then there is one image only."""
        return not any(file.pending for file in self.files.values())

    def name_all(self):
        """What is there now was there long before, and its name is on disk."""
        for file in self.files.values():
            file.named = True

    def write_image(self, folder, how, chance):
        """Writes what may be there: `how` is "synced", "all" or "some"."""
        folder = pathlib.Path(folder)
        folder.mkdir()
        (folder / "blobs").mkdir()
        for name, file in self.files.items():
            if file.named is not True and (how == "synced" or how == "some" and chance.random() < 0.5):
                continue
            content = file.durable
            if file.pending and how != "synced":
                content = bytearray(content)
                for request in self.kept(file.pending, how, chance):
                    apply(content, request)
            (folder / name).write_bytes(content)
        for name, file in self.removed.items():
            if how == "some" and chance.random() < 0.5 and name not in self.files:
                (folder / name).write_bytes(file.durable)

    def kept(self, pending, how, chance):
        if how == "all":
            return pending
        share = chance.choice((0.2, 0.5, 0.8, 0.95))
        kept = [request for request in pending if chance.random() < share]
        if kept and kept[-1][0] == WRITE and len(kept[-1][2]) > SECTOR:
            kind, offset, data = kept[-1]
            kept[-1] = (kind, offset, data[:SECTOR * chance.randrange(1, len(data) // SECTOR + 1)])
        return kept
