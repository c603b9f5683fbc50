"""A user's own recordings: a folder of sound files for each class, one class per recording."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar

from torch import nn

from zoo.data.settings import Setting
from zoo.data.sound_lists import NOISE
from zoo.data.sounds import LabelledRecordings, load_sound_folder, to_steps
from zoo.data.source import DataError
from zoo.models.log_mel import mel_filters
from zoo.training.tasks.base import UNCHANGED, read_options
from zoo.training.tasks.new_data import NewData
from zoo.training.tasks.new_recordings import READING, find_recordings, read_steps
from zoo.training.tasks.own.labelled import BATCH_SIZE, Labelled, SequenceFiles
from zoo.training.tasks.statistics import set_log_mel_statistics_

MOST_MELS = 32


class SoundFolders(SequenceFiles):
    """Folders with one folder of recordings per class, for speech models. A step is one hop of samples.

    Recordings of a speaker stay in one part where the speaker is known: from a folder inside the class's, or from the
    file's name, through the regular expression `speaker`, whose first group is the speaker. Where lists beside
    the classes name the recordings of a part, as those of Speech Commands do, the part has these.
    """

    name = "wav"
    defaults: ClassVar[dict[str, Any]] = {
        **SequenceFiles.defaults,
        "hop_ms": 10.0,
        "window_ms": 32.0,
        "sample_rate": 0,  # Hz; 0 takes the files' own, which must be one and the same
        "mix_down": False,  # one channel of several, as their mean
        "speaker": "",
    }
    sample_rate = 0
    reading = tuple(READING)

    def read(self, path: str) -> Labelled:
        loaded = load_sound_folder(path, rate=self.options["sample_rate"], mix_down=self.options["mix_down"])
        if self.sample_rate not in (0, loaded.sample_rate):
            raise DataError(
                f"{path} is at {loaded.sample_rate} Hz, the training data at {self.sample_rate}",
                Setting("sample_rate", (str(self.sample_rate),), "to bring all to one"),
            )
        self.sample_rate = loaded.sample_rate
        self.seconds = getattr(self, "seconds", 0.0) + sum(map(len, loaded.samples)) / self.sample_rate
        steps = [to_steps(samples, self.hop) for samples in loaded.samples]
        classes = [loaded.class_names[k] for k in loaded.labels.tolist()]
        speakers = self._find_speakers(path, loaded)
        return Labelled(
            steps,
            list(map(str, loaded.paths)),
            classes,
            groups=speakers,
            parts=loaded.parts,
            facts=_describe(path, loaded, told=bool(speakers or loaded.parts) or not self._draws_parts()),
        )

    @property
    def hop(self) -> int:
        """Samples of a step."""
        return max(1, round(self.options["hop_ms"] * self.sample_rate / 1000))

    def record(self) -> dict[str, Any]:
        return {**super().record(), "sample_rate": self.sample_rate}

    def set_record(self, record: dict[str, Any]) -> None:
        super().set_record(record)
        self.sample_rate = record["sample_rate"]

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return a recording, or all of a folder and of those inside it; each has the class that is most likely."""
        task = cls.__new__(cls)
        task.options = read_options({**options, **reading}, cls.defaults, cls.name)
        task.set_record(record)
        paths = find_recordings(data)
        names, describe = task.goal.answer(list(map(str, paths)))
        steps = read_steps(paths, task.options, task.sample_rate, task.hop)
        return NewData(steps, ["file", *names], describe)

    def step_words(self) -> str:
        milliseconds = f"{self.options['hop_ms']:g} ms"
        return f"raw sound of {self.sample_rate} Hz in -1 to 1, {self.hop} samples ({milliseconds}) a step"

    def facts(self) -> dict[str, str]:
        sound = f"{self.seconds:,.0f} seconds at {self.sample_rate:,} Hz; a step is {self.hop} samples"
        return {"sound": f"{sound}, {self.options['hop_ms']:g} ms", **super().facts()}

    def model_overrides(self) -> dict[str, Any]:
        window = max(self.hop + 1, round(self.options["window_ms"] * self.sample_rate / 1000))
        return {
            **super().model_overrides(),
            "sample_rate": self.sample_rate,
            "window_size": window,
            "num_mels": _most_mels(window, self.sample_rate),
        }

    def prepare_(self, model: nn.Module) -> None:
        set_log_mel_statistics_(model, self.goal.collate(self.train[:: max(1, len(self.train) // BATCH_SIZE)]))

    def _draws_parts(self) -> bool:
        return not (self.options["validation"] and self.options["test"])

    def _find_speakers(self, folder: str, loaded: LabelledRecordings) -> list[str]:
        """Return the speaker of each recording to train on, or nothing where no name says it.

        Raises:
            DataError: some recordings are in a folder of a speaker, and others are not.
        """
        paths = loaded.paths
        if folder != self.options["train"]:  # other folders are not split
            return []
        if self.options["speaker"]:
            return [self._find_speaker(path) for path in paths]
        # The first folder inside the class's is the speaker: those inside it may be his sessions.
        speakers = ["".join(path.relative_to(folder).parts[1:-1][:1]) for path in paths]
        if all(speakers):
            return speakers
        listed = all(self.options[part] or part in loaded.parts for part in ("validation", "test"))
        if any(speakers) and not listed:
            known = next(path for path, speaker in zip(paths, speakers, strict=True) if speaker)
            unknown = paths[speakers.index("")]
            raise DataError(
                f"{unknown} is in the folder of a class, and {known} in one of a speaker inside it; move the first "
                "into the folder of its speaker, or all into those of the classes"
            )
        return []

    def _find_speaker(self, path: Path) -> str:
        try:
            found = re.search(self.options["speaker"], path.name)
        except re.error as error:
            raise DataError(f"speaker={self.options['speaker']!r} is not a regular expression: {error}") from error
        if found is None or not found.groups():
            raise DataError(
                f"{path}: speaker={self.options['speaker']!r} finds no speaker in its name; give a regular expression "
                "with a group",
                Setting("speaker", (r"_(\w+)_",), "to take what stands between underscores"),
            )
        return found.group(1)


def _describe(path: str, loaded: LabelledRecordings, told: bool) -> dict[str, str]:
    """Return what was left out of a folder, and that speakers may be in several parts where nothing tells them."""
    others = ", ".join(f"{count:,} {ending}" for ending, count in loaded.left_out.items())
    left_out = [
        *([f"{others} in {path}: files of these endings are not read"] if others else []),
        *([f"{NOISE} in {path}: it is no class"] if loaded.noise else []),
    ]
    unknown = (
        "no folder tells them, and one speaker may be in several parts; speaker=REGEX finds them in names of files"
    )
    return {
        **({"left out": "; ".join(left_out)} if left_out else {}),
        **({} if told else {"speakers": unknown}),
    }


def _most_mels(window: int, rate: int) -> int:
    """Return the largest number of bands, up to 32, of which each has a bin of the spectrum."""
    for count in range(MOST_MELS, 1, -1):
        try:
            mel_filters(count, window, rate)
        except ValueError:
            continue
        return count
    raise DataError(f"a window of {window} samples at {rate} Hz is too short", Setting("window_ms", ("32",)))
