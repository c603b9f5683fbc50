"""Files that are written completely or not at all."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def atomic_file(path: str | Path) -> Iterator[Path]:
    """Yield a temporary file beside `path`, and move it to `path` when the block is done.

    If the block or the disk fails, `path` stays as it was: a kill, a crash or a full disk never leaves a partial file.
    The temporary file is deleted in any case. A link stays a link: the file that it leads to is replaced.

    Raises:
        OSError: the folder cannot be written to, the disk is full, or `path` is a device, a pipe or a folder, which
            a file must not replace.
    """
    path = Path(path).resolve()
    if path.exists() and not path.is_file():
        raise OSError(errno.EEXIST, "is no regular file, and a file must not replace it; name another path", str(path))
    handle, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".tmp", dir=path.parent)
    os.close(handle)
    temporary = Path(name)
    try:
        mask = os.umask(0)
        os.umask(mask)
        temporary.chmod(0o666 & ~mask)  # the rights that a plain open() gives
        yield temporary
        with temporary.open("rb") as file:
            os.fsync(file.fileno())
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)
