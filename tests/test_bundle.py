"""`zoo bundle`: a folder that runs cpp_runner where there is no Python."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

import zoo
from zoo.bundle import list_libraries
from zoo.cli import main


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder with cpp_runner and a program of a user, moved after it was written."""
    place = tmp_path_factory.mktemp("bundle")
    # A copy of the program elsewhere finds nothing where it lies, as a program with this run path alone.
    own = place / "recogniser"
    shutil.copy2(zoo.find_runner(), own)
    zoo.write_bundle(place / "written", [own])
    yield (place / "written").rename(place / "moved")
    shutil.rmtree(place)  # LibTorch is large


def test_the_programs_run_without_an_environment(bundle: Path, tmp_path: Path) -> None:
    zoo.save_artifact(zoo.build("gru_classifier", input_size=3, num_classes=2, seed=0), tmp_path / "model.pt")
    for program in ("cpp_runner", "recogniser"):
        command = [bundle / "bin" / program, "verify", tmp_path / "model.pt"]
        done = subprocess.run(command, env={}, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr


def test_what_is_not_of_the_system_is_loaded_from_the_folder(bundle: Path) -> None:
    libraries = list_libraries(bundle / "bin" / "cpp_runner", {})
    folders = {name: path.resolve().parent for name, path in libraries.items() if path is not None}
    assert folders.keys() == libraries.keys()
    ours = {name for name, folder in folders.items() if folder == (bundle / "lib").resolve()}
    assert {"libtorch_cpu.so", "libc10.so", "libzoo_ops.so"} <= ours
    assert not [name for name in libraries.keys() - ours if "python" in str(folders[name])]
    assert ours | {"libzoo_runner.so"} == {file.name for file in (bundle / "lib").iterdir()}


def test_licences_go_with_the_copies(bundle: Path) -> None:
    texts = {str(file.relative_to(bundle / "licenses")) for file in (bundle / "licenses").rglob("*") if file.is_file()}
    assert {"recurrent-zoo/LICENSE", "torch/LICENSE"} <= texts


def test_a_program_that_would_load_other_libraries_is_refused(tmp_path: Path) -> None:
    folder = Path(zoo.cmake_prefix_path()) / "zoo" / "lib"
    with pytest.raises(zoo.BundleError, match=r"libzoo_runner.so has to load libzoo_ops.so from ../lib, and does not"):
        zoo.write_bundle(tmp_path / "written", [folder / "libzoo_runner.so"])
    assert not list(tmp_path.iterdir())


def test_only_programs_go_into_new_or_empty_folders(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    script = tmp_path / "script.sh"
    script.write_text("#!/bin/sh\necho ran\n")
    assert main(["bundle", str(tmp_path / "written"), "--program", str(script)]) == 1
    assert "script.sh is no program that loads zoo's libraries" in capfd.readouterr().err
    assert main(["bundle", str(tmp_path / "written"), "--program", str(tmp_path / "none")]) == 1
    assert "there is no such program" in capfd.readouterr().err
    assert main(["bundle", str(tmp_path)]) == 1
    assert "is not an empty folder; name another one" in capfd.readouterr().err
    with pytest.raises(zoo.BundleError, match="different names, got cpp_runner, cpp_runner"):
        zoo.write_bundle(tmp_path / "written", [zoo.find_runner()])
    assert list(tmp_path.iterdir()) == [script]
