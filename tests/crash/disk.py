# SPDX-License-Identifier: LGPL-2.1-or-later
"""What a disk can hold when the power goes, by the system calls until then.

A file holds what it held at its last flush, and maybe sectors of what was written since. A directory
has the names of its last flush, and maybe those of changes since, which reach it in their order. (On
ext4 a flush of a new file brings its name along; that is not relied on here.)
"""

import itertools
import os

SECTOR = 512
FALLOC_FL_KEEP_SIZE = 1
WRITES = ("write", "pwrite64", "writev", "pwritev", "pwritev2")
FLUSHES = ("fsync", "fdatasync")
CREATES, TRUNCATES = os.O_CREAT, os.O_TRUNC


class Unknown(Exception):
    """A call that this model does not know."""


class File:
    def __init__(self, data=b""):
        self.data = data
        self.durable = data
        self._past = [(0, data)]

    def change(self, data, at):
        self.data = data
        self._past.append((at, data))

    def flush(self, entered):
        """What was there when the flush began."""
        self.durable = [data for at, data in self._past if at <= entered][-1]
        self._past = [(at, data) for at, data in self._past if at > entered]
        self._past.insert(0, (0, self.durable))

    def _sectors(self):
        """The numbers of those that differ from the last flush."""
        last = max(len(self.data), len(self.durable))
        return [i for i in range((last + SECTOR - 1) // SECTOR)
                if self._sector(self.data, i) != self._sector(self.durable, i)]

    @staticmethod
    def _sector(data, i):
        return data[i * SECTOR:(i + 1) * SECTOR]

    def _with(self, sectors, size):
        """As flushed, with these sectors as they are now, and this long."""
        data = bytearray(self.durable[:size].ljust(size, b"\0"))
        for i in sectors:
            new = self._sector(self.data, i)[:max(0, size - i * SECTOR)]
            data[i * SECTOR:i * SECTOR + len(new)] = new
        return bytes(data)

    def contents(self):
        """What the disk can hold of it: as flushed, as written, the first sectors only, only the last
        ones behind a hole, and the first and the last ones around a hole."""
        new = self._sectors()
        found = {self.durable: None, self.data: None}  # a dict, for it keeps the order
        if len(self.data) < len(self.durable):
            return list(found)
        size = len(self.data)
        for i in range(len(new)):
            grown = min(size, max(len(self.durable), new[i] * SECTOR))
            found[self._with(new[:i], grown)] = None
            found[self._with(new[:i], size)] = None
            found[self._with(new[i:], size)] = None
        if len(new) > 2:
            found[self._with(new[:1] + new[-1:], size)] = None
        return list(found)


class Directory:
    def __init__(self):
        self.durable = {}
        self.pending = []  # (when, a function that changes a dict of names)

    def names(self, changes=None):
        """With so many of the changes since the last flush; all of them, where that is not said."""
        names = dict(self.durable)
        for _, change in self.pending[:changes]:
            change(names)
        return names

    def flush(self, entered):
        for at, change in self.pending:
            if at <= entered:
                change(self.durable)
        self.pending = [(at, change) for at, change in self.pending if at > entered]


class Disk:
    """The directories given, with the files given; apply() follows the calls in the order in which
    they returned."""

    def __init__(self, paths, files):
        self.directories = {str(path): Directory() for path in paths}
        for path, data in files.items():
            self._directory(path).durable[os.path.basename(path)] = File(data)

    def _directory(self, path):
        return self.directories.get(os.path.dirname(path))

    def _file(self, path):
        directory = self._directory(path)
        return directory.names().get(os.path.basename(path)) if directory else None

    def concerns(self, call):
        paths = [call["path"], call.get("to", "")]
        return any(path in self.directories or self._directory(path) for path in paths)

    def apply(self, call):
        if not self.concerns(call) or call["result"] == "killed" or call["result"] < 0:
            return
        if call["path"].endswith(" (deleted)"):
            return
        name, path, at = call["call"], call["path"], call["left"]
        if name == "openat":
            self._open(path, call["argument"], at)
        elif name in FLUSHES:
            (self.directories.get(path) or self._file(path)).flush(call["entered"])
        elif name in WRITES:
            self._write(self._file(path), call, at)
        elif name == "ftruncate":
            file = self._file(path)
            file.change(file.data[:call["size"]].ljust(call["size"], b"\0"), at)
        elif name == "fallocate" and call["argument"] == FALLOC_FL_KEEP_SIZE:
            pass
        elif name == "fallocate" and call["argument"] == 0:
            file = self._file(path)
            file.change(file.data.ljust(call["at"] + call["size"], b"\0"), at)
        elif name in ("unlink", "unlinkat"):
            self._rename(path, None, at)
        elif name.startswith("rename"):
            self._rename(path, call["to"], at)
        elif name not in ("ioctl", "mkdir", "mkdirat"):
            raise Unknown(call)

    def _open(self, path, flags, at):
        file, directory = self._file(path), self._directory(path)
        base = os.path.basename(path)
        if file is None and flags & CREATES:
            new = File()
            directory.pending.append((at, lambda names: names.__setitem__(base, new)))
        elif file is not None and flags & TRUNCATES:
            file.change(b"", at)

    @staticmethod
    def _write(file, call, at):
        data = bytes.fromhex(call["data"])[:call["result"]]
        before = file.data[:call["at"]].ljust(call["at"], b"\0")
        file.change(before + data + file.data[call["at"] + len(data):], at)

    def _rename(self, path, to, at):
        directory = self._directory(path)
        base = os.path.basename(path)
        if to is None:
            change = lambda names: names.pop(base, None)  # noqa: E731
        elif self._directory(to) is directory:
            target = os.path.basename(to)
            change = lambda names: names.__setitem__(target, names.pop(base))  # noqa: E731
        else:
            raise Unknown(f"{path} to {to}")
        directory.pending.append((at, change))

    def now(self):
        """What the directories hold while the power is there: path to bytes."""
        return {f"{path}/{name}": file.data for path, directory in self.directories.items()
                for name, file in directory.names().items()}

    def states(self):
        """What they can hold when it goes now: a dict of path to bytes for each. The files of one
        directory differ while those of the others are as flushed."""
        seen = set()
        for changed in self.directories:
            for state in self._states_of(changed):
                key = tuple(sorted(state.items()))
                if key not in seen:
                    seen.add(key)
                    yield state

    def _states_of(self, changed):
        """Each set of names, with all files as flushed; and of the first and the last set each file in
        all its forms. A name that begins with a dot does not count, so its file need not be torn."""
        others = self._hold({path: directory.durable
                             for path, directory in self.directories.items() if path != changed})
        directory = self.directories[changed]
        last = len(directory.pending)
        for changes in range(last + 1):
            names = directory.names(changes)
            held = others | self._hold({changed: names})
            yield held
            if changes not in (0, last):
                continue
            for name, file in names.items():
                for content in [file.data] if name.startswith(".") else file.contents():
                    yield held | {f"{changed}/{name}": content}

    @staticmethod
    def _hold(directories):
        return {f"{path}/{name}": file.durable
                for path, names in directories.items() for name, file in names.items()}


def moments(disk, calls):
    """After each call that concerns the disk: the call, and when the next one came (None: never)."""
    calls = [call for call in sorted(calls, key=lambda call: call["left"]) if disk.concerns(call)]
    for call, following in itertools.zip_longest(calls, calls[1:]):
        disk.apply(call)
        yield call, following["left"] if following else None
