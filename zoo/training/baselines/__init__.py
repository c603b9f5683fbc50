"""Simple methods on the very splits of the trained models: what a recurrent net has to beat.

A baseline is a function of a task (`zoo.training.tasks`). It learns from the task's training part and returns a scorer:
a function of a task, which makes the choices on its validation part and returns its metrics on the test part. So what
has learned once is scored in many conditions. They need scikit-learn and nltk, which `recurrent-zoo[train]` installs;
`recurrent-zoo[compare]` has models of other people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoo.training.baselines.characters import score_n_grams
from zoo.training.baselines.classes import Scorer
from zoo.training.baselines.forecasting import score_last_value, score_ridge, score_same_hour
from zoo.training.baselines.g2p_en import score_g2p_en
from zoo.training.baselines.names import learn_character_n_grams, learn_snippet_n_grams
from zoo.training.baselines.pauses import score_pauses
from zoo.training.baselines.pronunciation import score_letters
from zoo.training.baselines.sequences import learn_statistics, score_nearest_neighbour
from zoo.training.baselines.sound_windows import score_keyword_windows, score_label_windows
from zoo.training.baselines.speech import learn_cepstra
from zoo.training.baselines.speech_activity import score_energy, score_silero
from zoo.training.baselines.tagging import learn_frequent_tags, learn_perceptron

Baseline = Callable[[Any], Scorer]


def learn_anew(score: Scorer) -> Baseline:
    """Return a baseline that learns anew each time it is scored, or learns nothing."""
    return lambda task: score


OF_FORECASTS: dict[str, Baseline] = {
    "last value": learn_anew(score_last_value),
    "mean of the same hour in the last 14 days": learn_anew(score_same_hour),
    "ridge regression": learn_anew(score_ridge),
}
# Task in `zoo.training.tasks` -> its baselines by what a table calls them.
BASELINES: dict[str, dict[str, Baseline]] = {
    "etth1": OF_FORECASTS,
    "etth2": OF_FORECASTS,
    "cmudict": {
        "letters in context": learn_anew(score_letters),
        "g2p-en, which was trained on these words too": learn_anew(score_g2p_en),
    },
    "fsdd": {"MFCC statistics, SVM": learn_cepstra},
    "fsdd_detection": {"MFCC windows, logistic regression": learn_anew(score_keyword_windows)},
    "fsdd_strings": {
        "MFCC windows, logistic regression": learn_anew(score_label_windows),
        "words between pauses, SVM": learn_anew(score_pauses),
    },
    "speech_activity": {
        "energy over the noise floor": learn_anew(score_energy),
        "silero-vad, trained by others": learn_anew(score_silero),
    },
    "japanese_vowels": {
        "means and deviations, logistic regression": learn_statistics,
        "nearest neighbour, time warping": learn_anew(score_nearest_neighbour),
    },
    "names": {"character 1-4-grams, logistic regression": learn_character_n_grams},
    "languages": {"character 1-4-grams, TF-IDF, logistic regression": learn_snippet_n_grams},
    "tiny_shakespeare": {"5-grams, Witten-Bell": learn_anew(score_n_grams)},
    "ud_english_ewt": {"most frequent tag": learn_frequent_tags, "averaged perceptron": learn_perceptron},
    "wnut17": {"most frequent tag": learn_frequent_tags, "averaged perceptron": learn_perceptron},
}


def learn_baselines(task_name: str, task: Any) -> dict[str, Scorer]:
    """Return what scores each baseline of a task, by its name; none for a task without baselines.

    Args:
        task_name: a key of `zoo.training.tasks.TASKS`.
        task: what is learned from, not made with `fast`.
    """
    return {name: learn(task) for name, learn in BASELINES.get(task_name, {}).items()}


def score_baselines(task_name: str, task: Any) -> dict[str, dict[str, float]]:
    """Return the test metrics of each baseline of a task, by its name; as `learn_baselines`."""
    return {name: score(task) for name, score in learn_baselines(task_name, task).items()}
