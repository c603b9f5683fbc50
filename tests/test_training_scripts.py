"""The command-line fronts of training: what they print, and how they fail."""

import importlib
import json
import runpy
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
from support.data_sets import need

import zoo
from zoo import installation
from zoo.data import etth1
from zoo.data.names import SOURCE as NAMES

SCRIPTS = Path(__file__).parents[1] / "scripts"


@dataclass(frozen=True)
class Done:
    """What a script gave back."""

    returncode: int
    stdout: str
    stderr: str


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Callable[..., Done]:
    """Call a program in this process: to import Lightning anew takes seconds."""

    def call(name: str, *arguments: object) -> Done:
        if name == "model_cards":
            monkeypatch.setattr(sys, "argv", [name, *map(str, arguments)])
            status = runpy.run_path(str(SCRIPTS / f"{name}.py"))["main"]()
        else:
            status = importlib.import_module(f"zoo.cli.{name}").main([*map(str, arguments)])
        return Done(status, *capsys.readouterr())

    return call


@pytest.mark.parametrize("name", ["train", "evaluate", "ship_model"])
def test_without_lightning_the_extra_is_named(name: str) -> None:
    code = f"import sys, runpy; sys.modules['lightning'] = None; runpy.run_path('{name}.py', run_name='__main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=SCRIPTS, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(f"{name}.py: error: ")
    assert done.stderr.count("\n") == 1
    assert "pip install 'recurrent-zoo[train]'" in done.stderr


def test_all_that_measures_a_model_is_called_with_arguments_that_it_takes() -> None:
    commands = list(runpy.run_path(str(SCRIPTS / "measure_models.py"))["list_commands"]([]))
    for script, *arguments in commands:
        runpy.run_path(str(SCRIPTS / script))["make_parser"]().parse_args(arguments)
    scored = [arguments[0] for script, *arguments in commands if script == "score_models.py"]
    assert scored == zoo.list_models(trained=True)
    assert commands[-3:] == [
        ["model_cards.py", "--update", str(SCRIPTS.parent / "README.md")],
        ["robustness.py", "--no-scoring", "--update", str(SCRIPTS.parent / "README.md")],
        ["robustness.py", "--no-scoring", "--update", str(Path(zoo.__file__).parent / "pretrained/README.md")],
    ]


def test_evaluate_prints_cpps_figure_beside_pythons_and_draws(
    run: Callable[..., Done], artifact: Path, tmp_path: Path
) -> None:
    need(NAMES)
    zoo.save_artifact(zoo.build("gru_classifier_names", hidden_size=8).eval(), artifact)
    picture = tmp_path / "names.png"
    done = run("evaluate", artifact, "names", "--picture", picture, "--json")
    assert done.returncode == 0, done.stderr
    report = json.loads(done.stdout)
    assert report["cpp"]["accuracy"] == report["python"]["accuracy"]
    assert report["cpp"]["nll"] == pytest.approx(report["python"]["nll"], abs=1e-6)
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_evaluate_takes_the_options_that_the_experiment_trains_with(run: Callable[..., Done], artifact: Path) -> None:
    need(etth1.SOURCE)
    zoo.save_artifact(zoo.build("segrnn_forecaster_etth1_336", hidden_size=8).eval(), artifact)
    by_itself = run("evaluate", artifact, "etth1", "--json")
    given = run("evaluate", artifact, "etth1", "task.options.horizon=336", "task.options.look_back=336", "--json")
    assert by_itself.returncode == 0, by_itself.stderr
    assert by_itself.stdout == given.stdout
    assert run("evaluate", artifact, "etth1", "task.options.look_back=96", "--json").stdout != given.stdout


def test_evaluate_refuses_a_model_of_something_else(run: Callable[..., Done], artifact: Path) -> None:
    need(etth1.SOURCE)
    zoo.save_artifact(zoo.build("segrnn_forecaster_etth1_336", hidden_size=8).eval(), artifact)
    for arguments, words in (
        (["etth1", "task.options.horizon=192"], "outputs of shape [256, 336, 7] do not fit targets of shape [256, 192"),
        (["japanese_vowels"], "cpp_runner failed with exit status 65"),
    ):
        done = run("evaluate", artifact, *arguments)
        assert (done.returncode, done.stdout, len(done.stderr.splitlines())) == (1, "", 1), done.stderr
        assert words in done.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["evaluate", "nowhere.pt", "names"], "no artifact at nowhere.pt"),
        (["evaluate", "nowhere.pt", "cats"], "no artifact at nowhere.pt"),
        (["train", "gru_classifier_cats"], "no experiment 'gru_classifier_cats'"),
        (["train", "gru_classifier_names", "training.epochs=3"], "no key training.epochs; did you mean"),
        (["train", "gru_classifier_names", "model.overrides.hidden=3"], "ClassifierConfig has no hidden"),
        (["model_cards", "--update", "/dev/null"], "must hold the lines"),
    ],
)
def test_what_is_wrong_is_one_line(run: Callable[..., Done], arguments: list[str], words: str) -> None:
    need(NAMES)
    done = run(*arguments)
    assert done.returncode == 1
    assert done.stdout == ""
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1, done.stderr


def test_a_missing_data_set_says_what_to_fetch(run: Callable[..., Done], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_DATA", "/nowhere")
    done = run("train", "gru_classifier_fsdd")
    assert done.returncode == 1
    assert "get FSDD (CC BY-SA 4.0) from https://github.com/Jakobovski/free-spoken-digit-dataset" in done.stderr


def test_without_the_program_evaluate_says_how_to_install_it(
    run: Callable[..., Done], artifact: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    need(NAMES)
    zoo.save_artifact(zoo.build("gru_classifier_names", hidden_size=8), artifact)
    monkeypatch.setattr(installation.shutil, "which", lambda *args, **options: None)
    done = run("evaluate", artifact, "names")
    assert (done.returncode, len(done.stderr.splitlines())) == (1, 1)
    assert "cpp_runner is neither beside" in done.stderr


def test_training_says_the_options_that_hold(run: Callable[..., Done], tmp_path: Path) -> None:
    """With another task the experiment's own options do not count: its defaults do, and are shown."""
    need(etth1.SOURCE)
    quick = ("--fast", "--output", tmp_path / "run", "model.overrides.hidden_size=8", "model.overrides.segment_size=24")
    done = run("train", "segrnn_forecaster_etth1_336", "task.name=etth2", *quick)
    assert done.returncode == 0, done.stderr
    assert "task       etth2: look_back=96, horizon=96, loss=mae\n" in done.stdout
