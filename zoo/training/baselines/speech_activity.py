"""Who speaks, without a net of the zoo: the energy over the floor of the noise, and silero-vad, which others trained.

silero-vad (Silero Team, https://github.com/snakers4/silero-vad, MIT) hears the same samples in chunks of the same size.
It was trained on many languages and real rooms, and for no test of ours.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from itertools import product
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor
from torch.nn import functional

from zoo.training.batching import Batch
from zoo.training.learners.detection import collect_steps
from zoo.training.tasks.speech_activity import HOPS

Choice = TypeVar("Choice")
# Of which validation chooses: the steps in which the floor is looked for, those over which energy is averaged, and
# whether the answer is that of the step before, which is better where the task allows a delay.
FLOOR_STEPS, MEAN_STEPS, OF_STEP = (15, 30, 60, 120, 255), (1, 2, 3, 5), (-1, 0)
# silero-vad takes an eighth of the chunk before with each chunk, and has a state of this size.
CONTEXT_SHARE, STATE = 8, (2, 128)
# Steps by which its answers may come later than those of the task; validation chooses.
DELAYS = (-1, 0, 1, 2)


def score_energy(task: Any) -> dict[str, float]:
    """Decibels over the quietest moment of the last seconds, as log-odds by a logistic regression on validation."""
    validation = task.validation_batches()

    def measure(batches: Sequence[Batch], floor_steps: int, mean_steps: int, of_step: int) -> list[Tensor]:
        return [delay_answers(measure_energy(batch.input, floor_steps, mean_steps), of_step) for batch in batches]

    choices = list(product(FLOOR_STEPS, MEAN_STEPS, OF_STEP))
    choice = find_best(task, choices, lambda choice: measure(validation, *choice), validation)
    scores, here = collect_steps(measure(validation, *choice), validation)
    line = LogisticRegression().fit(scores.unsqueeze(1).numpy(), here.numpy())
    slope, offset = float(line.coef_[0, 0]), float(line.intercept_[0])
    test = task.test_batches()
    figures: dict[str, float] = task.score([slope * decibel + offset for decibel in measure(test, *choice)], test)
    return figures


def find_best(
    task: Any, choices: Sequence[Choice], answer: Callable[[Choice], list[Tensor]], batches: Sequence[Batch]
) -> Choice:
    """Return the choice whose answers, one per batch, have the largest metric."""
    return max(choices, key=lambda choice: task.score(answer(choice), batches)[task.metric])


def measure_energy(steps: Tensor, floor_steps: int, mean_steps: int) -> Tensor:
    """Return how far the energy of each step lies over the floor of the noise, in dB, (B, T, 1).

    Args:
        steps: samples (B, T, samples per step).
        floor_steps: the floor is the least energy of so many steps, the last of which is the step itself.
        mean_steps: energies are means over so many steps, the last of which is the step itself.
    """
    power = steps.square().mean(2).unsqueeze(1)  # (B, 1, T)
    mean = functional.avg_pool1d(functional.pad(power, (mean_steps - 1, 0), mode="replicate"), mean_steps, stride=1)
    decibel = 10 * mean.clamp(min=1e-12).log10()
    floor = -functional.max_pool1d(functional.pad(-decibel, (floor_steps - 1, 0), value=-torch.inf), floor_steps, 1)
    return (decibel - floor).transpose(1, 2)


def score_silero(task: Any) -> dict[str, float]:
    """silero-vad's log-odds, with the delay that suits it best on the first batch of the validation part.

    Raises:
        ImportError: silero-vad or ONNX Runtime is missing.
    """
    session = open_silero()
    first = task.validation_batches()[:1]
    heard = hear(session, first[0].input, task.sample_rate)
    delay = find_best(task, DELAYS, lambda delay: [delay_answers(heard, delay)], first)
    test = task.test_batches()
    answers = [delay_answers(hear(session, batch.input, task.sample_rate), delay) for batch in test]
    figures: dict[str, float] = task.score(answers, test)
    return figures


def open_silero() -> Any:
    """Return silero-vad's model as a session of ONNX Runtime in one thread.

    Raises:
        ImportError: silero-vad or ONNX Runtime is missing.
    """
    found = importlib.util.find_spec("silero_vad")
    if found is None or found.origin is None or importlib.util.find_spec("onnxruntime") is None:
        raise ImportError("comparing with silero-vad takes more packages: pip install 'recurrent-zoo[train,compare]'")
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.inter_op_num_threads = options.intra_op_num_threads = 1
    path = Path(found.origin).parent / "data" / "silero_vad.onnx"
    return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])


def hear(session: Any, steps: Tensor, rate: int) -> Tensor:
    """Return silero-vad's log-odds of speech for streams (B, T, samples per step) at a rate, as (B, T, 1)."""
    state = None
    hop, context = HOPS[rate], count_context(rate)
    chunks = functional.pad(steps.flatten(1), (context, 0)).unfold(1, hop + context, hop)  # (B, T, hop + context)
    found = []
    for chunk in chunks.unbind(1):
        probability, state = session.run(None, feed_silero(chunk, rate, state))
        found.append(torch.from_numpy(probability))
    return torch.stack(found, dim=1).double().clamp(1e-7, 1 - 1e-7).logit().float()


def count_context(rate: int) -> int:
    """Return how many samples of the chunk before silero-vad takes at a rate."""
    return HOPS[rate] // CONTEXT_SHARE


def feed_silero(chunk: Tensor, rate: int, state: Any = None) -> dict[str, Any]:
    """Return what a session takes: samples (B, context + chunk), their rate, and the state it gave before, if any."""
    if state is None:
        state = np.zeros((STATE[0], len(chunk), STATE[1]), dtype=np.float32)
    return {"input": chunk.numpy(), "state": state, "sr": np.array(rate, dtype=np.int64)}


def delay_answers(answers: Tensor, delay: int) -> Tensor:
    """Return at each step the answer (B, T, 1) that is given `delay` steps later; at the ends the last one there is."""
    places = (torch.arange(answers.size(1)) + delay).clamp(0, answers.size(1) - 1)
    return answers[:, places]
