"""The folder of a run belongs to one training at a time."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from zoo.training.errors import TrainingError

# What the processes of one training are numbered by; the first one holds the folder for all of them.
NUMBERS = ("RANK", "LOCAL_RANK", "NODE_RANK", "SLURM_PROCID")


@contextmanager
def hold_folder(folder: Path) -> Iterator[None]:
    """Keep other trainings out of a folder, which is made if there is none, and deleted if it is empty in the end.

    Two at once would write each other's files, and give out each other's weights. The system lets go of the folder when
    the process ends, however it ends.

    Raises:
        TrainingError: another training holds it.
        OSError: the folder cannot be made.
    """
    if any(os.environ.get(name, "0") not in ("", "0") for name in NUMBERS):
        yield
        return
    folder.mkdir(parents=True, exist_ok=True)
    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise TrainingError(
                f"{folder} is in use: another training writes into it now; wait for its end, or name another folder"
            ) from error
        except OSError:  # some file systems of networks have no locks on folders
            pass
        yield
    finally:
        os.close(handle)
        with contextlib.suppress(OSError):
            folder.rmdir()  # refused where it holds anything
