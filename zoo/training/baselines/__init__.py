"""Simple methods on the very splits of the trained models: what a recurrent net has to beat.

A baseline is a function of a task (`zoo.training.tasks`). It learns from the task's training part, makes its choices on
the validation part, and returns the task's metrics on the test part. They need scikit-learn and nltk, which
`recurrent-zoo[train]` installs; `recurrent-zoo[compare]` has models of other people.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from zoo.training.baselines.characters import score_n_grams
from zoo.training.baselines.forecasting import score_last_value, score_ridge, score_same_hour
from zoo.training.baselines.g2p_en import score_g2p_en
from zoo.training.baselines.names import score_character_n_grams, score_snippet_n_grams
from zoo.training.baselines.pauses import score_pauses
from zoo.training.baselines.pronunciation import score_letters
from zoo.training.baselines.sequences import score_nearest_neighbour, score_statistics
from zoo.training.baselines.sound_windows import score_keyword_windows, score_label_windows
from zoo.training.baselines.speech import score_cepstra
from zoo.training.baselines.speech_activity import score_energy, score_silero
from zoo.training.baselines.tagging import score_frequent_tags, score_perceptron

Baseline = Callable[[Any], dict[str, float]]

OF_FORECASTS: dict[str, Baseline] = {
    "last value": score_last_value,
    "mean of the same hour in the last 14 days": score_same_hour,
    "ridge regression": score_ridge,
}
# Task in `zoo.training.tasks` -> its baselines by what a table calls them.
BASELINES: dict[str, dict[str, Baseline]] = {
    "etth1": OF_FORECASTS,
    "etth2": OF_FORECASTS,
    "cmudict": {"letters in context": score_letters, "g2p-en, which was trained on these words too": score_g2p_en},
    "fsdd": {"MFCC statistics, SVM": score_cepstra},
    "fsdd_detection": {"MFCC windows, logistic regression": score_keyword_windows},
    "fsdd_strings": {
        "MFCC windows, logistic regression": score_label_windows,
        "words between pauses, SVM": score_pauses,
    },
    "speech_activity": {"energy over the noise floor": score_energy, "silero-vad, trained by others": score_silero},
    "japanese_vowels": {
        "means and deviations, logistic regression": score_statistics,
        "nearest neighbour, time warping": score_nearest_neighbour,
    },
    "names": {"character 1-4-grams, logistic regression": score_character_n_grams},
    "languages": {"character 1-4-grams, TF-IDF, logistic regression": score_snippet_n_grams},
    "tiny_shakespeare": {"5-grams, Witten-Bell": score_n_grams},
    "ud_english_ewt": {"most frequent tag": score_frequent_tags, "averaged perceptron": score_perceptron},
    "wnut17": {"most frequent tag": score_frequent_tags, "averaged perceptron": score_perceptron},
}


def score_baselines(task_name: str, task: Any) -> dict[str, dict[str, float]]:
    """Return the test metrics of each baseline of a task, by its name; none for a task without baselines.

    Args:
        task_name: a key of `zoo.training.tasks.TASKS`.
        task: the task itself, not made with `fast`.
    """
    return {name: score(task) for name, score in BASELINES.get(task_name, {}).items()}
