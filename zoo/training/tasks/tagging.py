"""A tag for every word: cross-entropy over the valid steps, words as bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.nn import functional
from torch.utils.data import DataLoader

from zoo.data import ud_english_ewt, wnut17
from zoo.data.conllu import TaggedCorpus, TaggedSentence, load_conllu
from zoo.data.source import DataSource
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learner import Learner
from zoo.training.metrics import accuracy
from zoo.training.task import Task, read_options
from zoo.training.text_metrics import entity_scores, valid_steps

Example = tuple[Tensor, Tensor]  # (T, word_bytes) int64, (T,) int64

PADDING = -100  # what cross-entropy leaves out
OPTIONS: dict[str, Any] = {
    "min_count": 2,  # how often a word occurs in training to have an embedding; rarer ones teach the unknown one
    "word_bytes": 32,  # longer words are cut
    "embedding_scale": 0.1,  # of the initial word embeddings
    "label_smoothing": 0.0,
}
FAST_SENTENCES = 100
EVALUATION_BATCH = 128


class TaggingLearner(Learner):
    """Targets are tags (B, T), `PADDING` after a sentence's end. The task may have `label_smoothing`."""

    def loss(self, output: Tensor, batch: Batch) -> Tensor:
        smoothing: float = getattr(self.task, "label_smoothing", 0.0) if self.training else 0.0
        scores, target = output.flatten(0, 1), batch.target.flatten()
        return functional.cross_entropy(scores, target, ignore_index=PADDING, label_smoothing=smoothing)


def encode_words(words: Sequence[str], word_bytes: int) -> Tensor:
    """Return words as the models take them, (T, word_bytes) int64: UTF-8 bytes, cut to fit, padded with 0."""
    codes = [word.encode()[:word_bytes].ljust(word_bytes, b"\0") for word in words]
    return torch.frombuffer(bytearray(b"".join(codes)), dtype=torch.uint8).view(-1, word_bytes).long()


def collate(examples: list[Example]) -> Batch:
    """Return a padded batch: (B, T, word_bytes), lengths, tags (B, T)."""
    input, lengths = pad_sequences([words for words, _ in examples])
    return Batch(input, lengths, pad_sequences([tags for _, tags in examples], PADDING)[0])


class WordTagging(Task):
    """What tagging tasks share; each says where its corpus comes from and how it is judged."""

    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = TaggingLearner

    def _set_corpus(self, corpus: TaggedCorpus, fast: bool) -> None:
        self.label_smoothing = self.options["label_smoothing"]
        self.tags = corpus.tags
        self.corpus = corpus
        few = slice(FAST_SENTENCES if fast else None)
        self.train = self._encode(corpus.train[few])
        self.validation = self._encode(corpus.validation[few])
        counts = Counter(word.lower() for sentence in corpus.train for word in sentence.words)
        self.vocabulary = [word for word, count in counts.items() if count >= self.options["min_count"]]

    def model_overrides(self) -> dict[str, Any]:
        return {
            "num_classes": len(self.tags),
            "tags": list(self.tags),
            "word_bytes": self.options["word_bytes"],
            "num_words": self._count_words(),
        }

    def prepare_(self, model: nn.Module) -> None:
        words: Any = model.get_submodule("words")
        words.set_vocabulary(self.vocabulary)
        # A word seen twice hardly moves its embedding: from a small one, its bytes decide what it is.
        words.embedding.weight.mul_(self.options["embedding_scale"])

    def train_batches(self, batch_size: int, seed: int) -> DataLoader[Any]:
        return make_loader(self.train, [len(words) for words, _ in self.train], collate, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return self._split(self.validation)

    def test_batches(self) -> list[Batch]:
        return self._split(self._encode(self.corpus.test))

    def _split(self, examples: list[Example]) -> list[Batch]:
        in_order_of_length = sorted(examples, key=lambda example: len(example[0]))
        return split_batches(in_order_of_length, collate, EVALUATION_BATCH)

    def _encode(self, sentences: Sequence[TaggedSentence]) -> list[Example]:
        places = {tag: k for k, tag in enumerate(self.tags)}
        # A tag that training never saw can only be missed; it counts as one.
        return [
            (
                encode_words(sentence.words, self.options["word_bytes"]),
                torch.tensor([places.get(tag, len(places)) for tag in sentence.tags]),
            )
            for sentence in sentences
        ]

    def _count_words(self) -> int:
        # As the model's hash sees them: upper case is ASCII's only, and what lies behind the cut does not count.
        size = self.options["word_bytes"]
        return len({word.encode().lower()[:size] for word in self.vocabulary})


def score_accuracy(outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
    """Return the share of words with the right tag."""
    called = torch.cat([valid_steps(o.argmax(2), b.lengths) for o, b in zip(outputs, batches, strict=True)])
    return {"accuracy": accuracy(called, torch.cat([valid_steps(b.target, b.lengths) for b in batches]))}


def score_entities(outputs: Sequence[Tensor], batches: Sequence[Batch], tags: Sequence[str]) -> dict[str, float]:
    """Return precision, recall and F1 of whole entities."""
    called: list[list[str]] = []
    true: list[list[str]] = []
    for output, batch in zip(outputs, batches, strict=True):
        assert batch.lengths is not None  # `collate` gives them
        for guess, truth, length in zip(output.argmax(2), batch.target, batch.lengths.tolist(), strict=True):
            called.append([tags[k] for k in guess[:length].tolist()])
            true.append([tags[k] for k in truth[:length].tolist()])
    return entity_scores(called, true)


class UDEnglishEWT(WordTagging):
    """Universal parts of speech, 17 of them."""

    about: ClassVar[DataSource] = ud_english_ewt.SOURCE
    metric = "accuracy"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "ud_english_ewt")
        self._set_corpus(ud_english_ewt.load_ud_english_ewt(), fast)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_accuracy(outputs, batches)


class WNUT17(WordTagging):
    """Rare entities in noisy text."""

    about: ClassVar[DataSource] = wnut17.SOURCE
    metric = "f1"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, OPTIONS, "wnut17")
        self._set_corpus(wnut17.load_wnut17(), fast)

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        return score_entities(outputs, batches, self.tags)


class ConlluFiles(UDEnglishEWT):
    """The same on any CoNLL-U files: `task.options.train`, `.validation`, `.test`, and `.column`."""

    about: ClassVar[DataSource] = DataSource("your CoNLL-U files", "", "", "yours")

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        own = {"train": "", "validation": "", "test": "", "column": "upos"}
        self.options = read_options(options, {**OPTIONS, **own}, "conllu")
        missing = [name for name in ("train", "validation", "test") if not self.options[name]]
        if missing:
            raise ValueError(f"task conllu needs {', '.join(f'task.options.{name}=FILE' for name in missing)}")
        parts = (load_conllu(self.options[name], self.options["column"]) for name in ("train", "validation", "test"))
        self._set_corpus(TaggedCorpus(*parts), fast)
