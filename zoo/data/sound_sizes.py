"""How many bytes a sound file says it has: libsndfile reads what is there of a cut one, and says nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal

from zoo.data.source import DataError

Order = Literal["big", "little"]

# What programs write as a size when they do not know it yet, such as ffmpeg into a pipe.
SIZE_UNKNOWN = (0, 0x7FFFFFFF, 0x80000000, 0xFFFFFFFF)
# First bytes of files that are made of chunks -> the order of the bytes of a size.
CHUNKED: dict[bytes, Order] = {b"RIFF": "little", b"RF64": "little", b"RIFX": "big", b"FORM": "big"}
SOUND_DATA = (b"data", b"SSND")
AU: dict[bytes, Order] = {b".snd": "big", b"dns.": "little"}
# What an encoder writes into the first frame of an MP3: flags follow, then the frames and the bytes where these say so.
MP3_MARKS, MP3_SEARCHED = (b"Xing", b"Info"), 200_000  # behind a picture of the cover, perhaps
HAS_FRAMES, HAS_BYTES = 1, 2


def refuse_cut(content: bytes, name: str) -> None:
    """Refuse a file that ends too early.

    Args:
        content: the whole file.
        name: what the error calls it.

    Raises:
        DataError: with the bytes that its header says and those that it has.
    """
    begin = content[:4]
    if begin in CHUNKED and len(content) >= 12:
        _refuse_cut_chunks(content, name, CHUNKED[begin])
    elif begin in AU and len(content) >= 12:
        first, said = (int.from_bytes(content[k : k + 4], AU[begin]) for k in (4, 8))
        if said not in SIZE_UNKNOWN:
            _refuse_less(said, len(content) - first, name, "its header")
    elif begin == b"OggS":
        flags = content.rfind(b"OggS") + 5
        if not (content[flags : flags + 1] or b"\0")[0] & 4:
            raise DataError(f"{name} is cut: its last page does not end a stream; copy it again")
    elif begin[:3] == b"ID3" or begin[:1] == b"\xff":
        said = _find_mp3_bytes(content)
        _refuse_less(said, len(content), name, "its first frame")


def find_flac_samples(content: bytes) -> int:
    """Return how many samples of each channel a FLAC file says it has; 0 where it does not say it."""
    if content[:4] != b"fLaC" or len(content) < 42:
        return 0
    return int.from_bytes(content[21:26], "big") & 0xFFFFFFFFF  # the last 36 of these bits


def _find_mp3_bytes(content: bytes) -> int:
    """Return how many bytes an MP3 says it has, without tags; 0 where it does not say it."""
    places = [place for mark in MP3_MARKS if (place := content.find(mark, 0, MP3_SEARCHED)) >= 0]
    if not places:
        return 0
    first = min(places) + 4
    flags = int.from_bytes(content[first : first + 4], "big")
    first += 8 if flags & HAS_FRAMES else 4
    return int.from_bytes(content[first : first + 4], "big") if flags & HAS_BYTES else 0


def _refuse_cut_chunks(content: bytes, name: str, order: Order) -> None:
    said = int.from_bytes(content[4:8], order)
    if said not in SIZE_UNKNOWN and said + 8 > len(content) + 1:  # some programs leave the last padding byte out
        raise DataError(f"{name} is cut: it says {said + 8:,} bytes, and has {len(content):,}; copy it again")
    long = 0  # RF64 has the sizes that 32 bits do not hold in a chunk of their own
    for kind, first, size in _walk_chunks(content, order):
        if kind == b"ds64":
            long = int.from_bytes(content[first + 8 : first + 16], order)
        if kind in SOUND_DATA:
            size = long if long and size in SIZE_UNKNOWN else size
            if size not in SIZE_UNKNOWN:
                _refuse_less(size, len(content) - first, name, f"its chunk {kind.decode()!r}")
            return


def _walk_chunks(content: bytes, order: Order) -> Iterator[tuple[bytes, int, int]]:
    """Give the kind of each chunk, where its bytes begin, and how many it says it has."""
    place = 12
    while place + 8 <= len(content):
        size = int.from_bytes(content[place + 4 : place + 8], order)
        yield content[place : place + 4], place + 8, size
        place += 8 + size + size % 2


def _refuse_less(said: int, has: int, name: str, where: str) -> None:
    if has < said:
        there = max(0, has)
        raise DataError(f"{name} is cut: {where} says {said:,} bytes of sound, and {there:,} are there; copy it again")
