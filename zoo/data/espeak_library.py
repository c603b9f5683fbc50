"""The library espeak-ng in a process of its own: it keeps breath and phase from one text to the next.

`python -m zoo.data.espeak_library` reads a JSON list of [text, voice, speed, pitch] from stdin and writes a .npz file
to stdout: "rate" in Hz and int16 samples "0", "1", ... of each text. It imports no torch, so that it starts quickly.
"""

from __future__ import annotations

import ctypes
import json
import sys
from typing import Any

import numpy as np

# Of speak_lib.h.
SYNCHRONOUS, NO_EXIT, UTF8, AT_CHARACTER = 2, 0x8000, 1, 1
RATE, PITCH = 1, 3
CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
# Of the breath in a voice.
SEED = 1


class Synthesizer:
    """Speaks one text after the other.

    Raises:
        ImportError: the package espeakng-loader is missing.
        ValueError: the library does not find its data.
    """

    def __init__(self) -> None:
        import espeakng_loader

        self._library = ctypes.CDLL(espeakng_loader.get_library_path())
        folder = espeakng_loader.get_data_path().encode()
        self.rate: int = self._library.espeak_Initialize(SYNCHRONOUS, 0, folder, NO_EXIT)
        if self.rate <= 0:
            raise ValueError("espeak-ng did not find its own data; install espeakng-loader again")
        self._library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))
        self._heard: list[bytes] = []
        self._callback = CALLBACK(self._hear)  # kept: the library holds only its address
        self._library.espeak_SetSynthCallback(self._callback)

    def say(self, text: str, voice: str, speed: int, pitch: int) -> np.ndarray:
        """Return what is said, int16 (N,) at `rate`.

        Raises:
            ValueError: no such voice, or the text says nothing.
        """
        if self._library.espeak_SetVoiceByName(voice.encode()) != 0:
            raise ValueError(f"espeak-ng has no voice {voice!r}; `espeak-ng --voices` lists them")
        self._library.espeak_SetParameter(RATE, speed, 0)
        self._library.espeak_SetParameter(PITCH, pitch, 0)
        self._heard = []
        content = text.encode()
        self._library.espeak_Synth(content, len(content) + 1, 0, AT_CHARACTER, 0, UTF8, None, None)
        self._library.espeak_Synchronize()
        samples = np.frombuffer(b"".join(self._heard), dtype=np.int16)
        if not samples.any():
            raise ValueError(f"espeak-ng says nothing for {text!r} with the voice {voice!r}; give words")
        return samples

    def _hear(self, samples: Any, count: int, events: Any) -> int:
        if count > 0 and samples:
            self._heard.append(ctypes.string_at(samples, 2 * count))
        return 0  # go on


def main() -> int:
    """Speak what stdin asks for; return 1 with one line on stderr where that fails."""
    try:
        synthesizer = Synthesizer()
        spoken: dict[str, Any] = {str(k): synthesizer.say(*wanted) for k, wanted in enumerate(json.load(sys.stdin))}
    except (ImportError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    np.savez(sys.stdout.buffer, **spoken | {"rate": np.array(synthesizer.rate)})
    return 0


if __name__ == "__main__":
    sys.exit(main())
