"""Sound files of every kind: the right samples, and what is refused."""

import io
from pathlib import Path

import numpy as np
import pytest
import soundfile
import torch
from support.data_sets import write_wav

from zoo.data.sounds import load_sound_folder, read_sound, resample
from zoo.data.source import DataError

VALUES = np.array([0.0, 0.5, -1.0, 0.25, -0.125])


def encode(values: np.ndarray, rate: int = 8000, kind: str = "WAV", subtype: str | None = None) -> bytes:
    buffer = io.BytesIO()
    soundfile.write(buffer, values, rate, format=kind, subtype=subtype)
    return buffer.getvalue()


def test_16_bits_become_samples(tmp_path: Path) -> None:
    path = write_wav(tmp_path / "a.wav", [0, 16384, -32768, 32767])
    samples, rate = read_sound(path.read_bytes(), "a.wav")
    assert rate == 8000
    assert samples.tolist() == [0.0, 0.5, -1.0, 32767 / 32768]


@pytest.mark.parametrize(
    ("kind", "subtype"),
    [
        *(("WAV", subtype) for subtype in ("PCM_U8", "PCM_16", "PCM_24", "PCM_32", "FLOAT", "DOUBLE")),
        *(("WAVEX", subtype) for subtype in ("PCM_16", "PCM_24", "FLOAT")),
        ("FLAC", "PCM_16"),
        ("FLAC", "PCM_24"),
    ],
)
def test_every_width_gives_the_same_samples(kind: str, subtype: str) -> None:
    samples, rate = read_sound(encode(VALUES, 44100, kind, subtype), "a")
    assert rate == 44100
    assert samples.dtype == torch.float32
    assert samples.tolist() == VALUES.tolist()


def test_ogg_is_near() -> None:
    tone = 0.5 * np.sin(np.arange(8000) / 5)
    samples, rate = read_sound(encode(tone, 16000, "OGG", "VORBIS"), "a.ogg")
    assert (rate, len(samples)) == (16000, 8000)
    assert np.abs(samples.numpy() - tone).max() < 0.05


def test_channels_are_mixed_when_asked_for() -> None:
    stereo = encode(np.array([[0.5, 0.25], [-1.0, 0.0]]))
    with pytest.raises(DataError, match=r"s.wav has 2 channels, expected 1; say mix_down=true to make one of them"):
        read_sound(stereo, "s.wav")
    assert read_sound(stereo, "s.wav", mix_down=True)[0].tolist() == [0.375, -0.5]


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"RIFF....WAVE", r"x.wav is cut: it says 774,778,422 bytes, and has 12; copy it again"),
        (b"hello, world", r"x.wav is not a readable sound file: Format not recognised; convert it again"),
        (b"", r"x.wav is not a readable sound file"),
        (encode(VALUES)[:48], r"x.wav is cut: it says 54 bytes, and has 48; copy it again"),
        (encode(np.zeros(20000), kind="OGG")[:-300], r"x.wav is cut: its last page does not end a stream"),
        (encode(np.sin(np.arange(20000)), kind="FLAC")[:9000], r"x.wav is not a readable sound file: .*"),
        (encode(VALUES[:0]), r"x.wav holds no sample"),
        (encode(np.array([0.0, np.nan]), subtype="FLOAT"), r"x.wav: sample 1 is not a finite number"),
    ],
    ids=range(8),  # not the contents: one of them holds the time
)
def test_damaged_files_are_refused_by_name(content: bytes, words: str) -> None:
    with pytest.raises(DataError, match=words):
        read_sound(content, "x.wav")


@pytest.mark.parametrize("share", [0.97, 0.6])
@pytest.mark.parametrize("kind", ["WAV", "WAVEX", "RF64", "AIFF", "AU", "FLAC", "OGG", "MP3"])
def test_a_file_that_ends_too_early_is_refused(kind: str, share: float) -> None:
    tone = 0.5 * np.sin(np.arange(40000) / 7)
    whole = encode(tone, kind=kind)
    assert len(read_sound(whole, "x")[0]) == pytest.approx(40000, abs=3000)
    with pytest.raises(DataError, match=r"^x (is cut|is not a readable|holds no)"):
        read_sound(whole[: int(share * len(whole))], "x")


def test_a_header_that_was_mended_is_compared_with_the_data() -> None:
    for kind, order in (("WAV", "little"), ("AIFF", "big")):
        cut = bytearray(encode(np.zeros(2000) + 0.5, kind=kind)[:2000])
        cut[4:8] = (len(cut) - 8).to_bytes(4, order)  # type: ignore[arg-type]
        words = r"x is cut: its chunk '(data|SSND)' says 4,00[08] bytes of sound, and 1,9\d\d are there"
        with pytest.raises(DataError, match=words):
            read_sound(bytes(cut), "x")


def test_a_stream_whose_header_knows_no_size_is_read() -> None:
    content = bytearray(encode(VALUES))
    content[4:8] = b"\xff\xff\xff\xff"
    assert len(read_sound(bytes(content), "a.wav")[0]) == len(VALUES)


@pytest.mark.parametrize(("rate", "wanted"), [(8000, 16000), (44100, 16000), (48000, 8000), (8000, 8000)])
def test_a_tone_is_the_same_tone_at_another_rate(rate: int, wanted: int) -> None:
    made = [torch.sin(2 * torch.pi * 440 * torch.arange(each // 2) / each) for each in (rate, wanted)]
    found = resample(made[0], rate, wanted)
    assert found.dtype == torch.float32
    assert len(found) == len(made[1])
    inner = slice(wanted // 20, -wanted // 20)  # the filter knows nothing before the first sample and after the last
    assert (found - made[1])[inner].abs().max() < 0.01


def test_what_a_rate_cannot_hold_is_left_out() -> None:
    high = torch.sin(2 * torch.pi * 7000 * torch.arange(24000) / 48000)
    assert resample(high, 48000, 8000)[200:-200].abs().max() < 0.01


def test_a_folder_per_class(tmp_path: Path) -> None:
    write_wav(tmp_path / "yes" / "1.wav", [1])
    write_wav(tmp_path / "no" / "1.WAV", [2, 3])
    soundfile.write(tmp_path / "no" / "2.flac", np.zeros(4), 8000)
    (tmp_path / "no" / "notes.txt").write_text("not a sound")
    loaded = load_sound_folder(tmp_path)
    assert loaded.class_names == ["no", "yes"]
    assert loaded.labels.tolist() == [0, 0, 1]
    assert [len(samples) for samples in loaded.samples] == [2, 4, 1]
    assert [path.name for path in loaded.paths] == ["1.WAV", "2.flac", "1.wav"]
    assert loaded.left_out == {".txt": 1}


def test_links_to_folders_are_followed_but_not_round_and_round(tmp_path: Path) -> None:
    for place in ("data/no/a", "data/yes/a", "elsewhere/b", "elsewhere/more"):
        (tmp_path / place).mkdir(parents=True)
        write_wav(tmp_path / place / "1.wav", [1])
    data = tmp_path / "data"
    (data / "no" / "b").symlink_to(tmp_path / "elsewhere" / "b")
    (data / "yes" / "1.wav").symlink_to(tmp_path / "elsewhere" / "b" / "1.wav")
    (data / "maybe").symlink_to("../elsewhere")
    (data / "no" / "back").symlink_to(data)  # a link to where one comes from, and two that lead to each other
    (tmp_path / "elsewhere" / "more" / "to_b").symlink_to(tmp_path / "elsewhere" / "b")
    (tmp_path / "elsewhere" / "b" / "to_more").symlink_to(tmp_path / "elsewhere" / "more")
    found = [str(path.relative_to(data)) for path in load_sound_folder(data).paths]
    assert found == [
        *("maybe/b/1.wav", "maybe/b/to_more/1.wav", "maybe/more/1.wav", "maybe/more/to_b/1.wav"),
        *("no/a/1.wav", "no/b/1.wav", "no/b/to_more/1.wav", "yes/1.wav", "yes/a/1.wav"),
    ]
    (data / "yes" / "b").symlink_to(tmp_path / "gone")
    with pytest.raises(DataError, match=r"yes/b is a link to nothing; remove it, or bring back what it named"):
        load_sound_folder(data)


def test_files_that_are_not_read_are_counted(tmp_path: Path) -> None:
    for name in ("no", "yes"):
        write_wav(tmp_path / name / "1.wav", [1])
        for k in range(3):
            (tmp_path / name / f"{k}.M4A").write_bytes(b"")
    for name in ("README", "yes/.hidden.m4a", "no/notes.txt"):
        (tmp_path / name).write_text("")
    assert load_sound_folder(tmp_path).left_out == {".m4a": 6, "without an ending": 1, ".txt": 1}


def test_hidden_files_are_no_recordings(tmp_path: Path) -> None:
    for name in ("no", "yes"):
        write_wav(tmp_path / name / "1.wav", [1])
        (tmp_path / name / "._1.wav").write_bytes(b"\0\5\x16\7Mac OS X")
    (tmp_path / "__MACOSX" / "no").mkdir(parents=True)
    (tmp_path / "__MACOSX" / "no" / "1.wav").write_bytes(b"")
    assert load_sound_folder(tmp_path).class_names == ["no", "yes"]
    (tmp_path / "maybe").mkdir()
    (tmp_path / "maybe" / "1.m4a").write_bytes(b"")
    with pytest.raises(DataError, match=r"maybe has no recording that can be read, but .m4a; convert or remove it"):
        load_sound_folder(tmp_path)


def test_parts_are_no_classes_and_silence_teaches_nothing(tmp_path: Path) -> None:
    for name in ("train", "Test"):
        (tmp_path / name).mkdir()
        write_wav(tmp_path / name / "yes" / "1.wav", [0])
    with pytest.raises(DataError, match="are parts, Test, train, and no classes; give one part; say test=PATH to test"):
        load_sound_folder(tmp_path)
    with pytest.raises(DataError, match="train: all recordings are silent"):
        load_sound_folder(tmp_path / "train")


def test_folders_of_another_form_are_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"nowhere is not a folder"):
        load_sound_folder(tmp_path / "nowhere")
    with pytest.raises(DataError, match=r"has no CLASS/NAME.wav"):
        load_sound_folder(tmp_path)
    write_wav(tmp_path / "yes" / "1.wav", [1])
    write_wav(tmp_path / "yes" / "2.wav", [1] * 200, rate=16000)
    with pytest.raises(DataError, match=r"1.wav is at 8000 Hz and .*2.wav at 16000 Hz; say sample_rate=8000"):
        load_sound_folder(tmp_path)
    assert [len(samples) for samples in load_sound_folder(tmp_path, rate=8000).samples] == [1, 100]
    write_wav(tmp_path / "3.wav", [1])
    with pytest.raises(DataError, match=r"3.wav lies beside the classes; put the recordings of each class into"):
        load_sound_folder(tmp_path)
