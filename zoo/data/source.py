"""Where a data set lies, whether it is the right one, and what to fetch where it is missing.

Data sets are not part of this package. The environment variable `ZOO_DATA` names the folder that holds them, one
folder per set.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zoo.data.settings import Setting, Writer, write_plainly, write_settings
from zoo.errors import ArgumentError, ZooError

VARIABLE = "ZOO_DATA"
POINTER = "version https://git-lfs"
# First bytes of files that are often taken for text.
SIGNATURES = {
    b"\x1f\x8b": "compressed by gzip; unpack it first",
    b"BZh": "compressed by bzip2; unpack it first",
    b"\xfd7zXZ": "compressed by xz; unpack it first",
    b"PK\x03\x04": "a ZIP archive, as Excel's files are too; unpack it, or save the table as CSV",
    b"\xd0\xcf\x11\xe0": "a file of an older Office; save it as text or CSV",
    b"PAR1": "a Parquet file; write it as CSV first",
    b"%PDF": "a PDF; save its text first",
}


class DataError(ZooError, RuntimeError):
    """Data that is missing, damaged, of another form than expected, or not the published one; the message helps.

    Args:
        message: what is wrong, where, and what was expected.
        settings: options that settle it.
    """

    def __init__(self, message: str, *settings: Setting) -> None:
        super().__init__(message, *settings)
        self.message, self.settings = message, settings

    def __str__(self) -> str:
        return self.tell(write_plainly)

    def tell(self, write: Writer) -> str:
        """Return the message, with the options as `write` gives them."""
        return f"{self.message}; {write_settings(self.settings, write)}" if self.settings else self.message


@contextmanager
def named(path: str | Path) -> Iterator[None]:
    """Put the name of a file before the message of a DataError inside."""
    try:
        yield
    except DataError as error:
        mark = "," if error.message.startswith("line ") else ":"
        raise DataError(f"{path}{mark} {error.message}", *error.settings) from error


@dataclass(frozen=True)
class DataSource:
    """What is known of a data set.

    Args:
        name: what people call it.
        folder: its folder inside `ZOO_DATA`; empty where a pip package brings the data.
        address: where it is published.
        license: under which terms.
        sha256: of all files that are read, see `hash_files`; None where a pip package vouches for them.
        contents: which files the folder must hold, in words.
    """

    name: str
    folder: str
    address: str
    license: str
    sha256: str | None = None
    contents: str = ""

    def find(self) -> Path:
        """Return the folder of this set.

        Raises:
            DataError: `ZOO_DATA` is not set, or has no such folder.
        """
        root = os.environ.get(VARIABLE)
        if not root:
            raise DataError(f"{VARIABLE} is not set; {self.hint()}")
        folder = Path(root) / self.folder
        if not folder.is_dir():
            raise DataError(f"{VARIABLE}={root} has no folder {self.folder!r}; {self.hint()}")
        return folder

    def hint(self) -> str:
        """Say what to fetch, from where, under which licence."""
        return (
            f"get {self.name} ({self.license}) from {self.address}, put {self.contents or 'it'} into "
            f"FOLDER/{self.folder}, and set {VARIABLE}=FOLDER"
        )

    def check(self, files: Iterable[tuple[str, bytes]]) -> None:
        """Refuse files that are not those published.

        Raises:
            DataError: another checksum; it gives both.
        """
        if self.sha256 is None:
            return
        got = hash_files(files)
        if got != self.sha256:
            raise DataError(
                f"{self.name} has SHA-256 {got[:16]}..., expected {self.sha256[:16]}...: some file is missing, "
                f"added or changed; {self.hint()}"
            )


def hash_files(files: Iterable[tuple[str, bytes]]) -> str:
    """Return the SHA-256 over name, size and bytes of every file, in the order of their names."""
    digest = hashlib.sha256()
    for name, content in sorted(files):
        digest.update(name.encode() + b"\0" + str(len(content)).encode() + b"\0" + content)
    return digest.hexdigest()


def read_files(source: DataSource, *patterns: str) -> list[tuple[str, bytes]]:
    """Read the files of a set that match a pattern, sorted by name, and check them.

    Raises:
        DataError: as `DataSource.find` and `DataSource.check`, or no file matches one of the patterns.
    """
    folder = source.find()
    paths: set[Path] = set()
    for pattern in patterns:
        found = set(folder.glob(pattern))
        if not found:
            raise DataError(f"{folder} has no {pattern}; {source.hint()}")
        paths |= found
    files = [(path.relative_to(folder).as_posix(), path.read_bytes()) for path in sorted(paths)]
    source.check(files)
    return files


def read_text(path: str | Path, encoding: str = "", *settings: Setting) -> str:
    """Return the text of a user's own file: UTF-8 with or without a byte order mark, or UTF-16 with one.

    Lines end in a line feed, whatever they end in inside the file.

    Args:
        path: of the file.
        encoding: another one, as Python calls it, such as "cp1252".
        settings: options that settle it where no encoding is given and the text is not UTF-8.

    Raises:
        DataError: the file is missing, cannot be read, or is in another encoding; then the message has the line.
        ArgumentError: Python knows no such encoding.
    """
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror}") from error
    name = encoding
    if not name:
        marked = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
        encoding, name = ("utf-16", "UTF-16") if marked else ("utf-8-sig", "UTF-8")
    try:
        text = content.decode(encoding)
    except LookupError as error:
        raise ArgumentError(f"no encoding is called {encoding!r}; cp1252 and utf-16 are two of them") from error
    except UnicodeDecodeError as error:
        refuse_packed(path, content)
        line = content.count(b"\n", 0, error.start) + 1
        raise DataError(
            f"{path}, line {line}: not {name}, {error.reason}; convert it, for example with iconv",
            *([] if name == encoding else settings),
        ) from error
    if "\0" in text:
        line = text.count("\n", 0, text.index("\0")) + 1
        raise DataError(f"{path}, line {line}: a NUL, as in UTF-16 without a byte order mark; convert it to UTF-8")
    if text.startswith(POINTER):
        raise DataError(f"{path} is a pointer of Git LFS, not the file: git lfs pull fetches it")
    # A byte order mark stays where the encoding was given, such as utf-8 for a file of Excel.
    return text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")


def refuse_packed(path: str | Path, content: bytes) -> None:
    """Refuse a file whose first bytes say that it is no text.

    Raises:
        DataError: it says what the file is.
    """
    for begin, words in SIGNATURES.items():
        if content.startswith(begin):
            raise DataError(f"{path} is {words}")
