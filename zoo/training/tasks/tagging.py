"""A tag for every word; a word is its UTF-8 bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader

from zoo.data.conllu import TaggedCorpus, TaggedSentence
from zoo.data.new_texts import load_words
from zoo.errors import ArgumentError
from zoo.models.characters import spell
from zoo.training.batching import Batch, make_loader, pad_sequences, split_batches
from zoo.training.learners.tagging import PADDING, TaggingLearner
from zoo.training.tasks.base import UNCHANGED, Task
from zoo.training.tasks.byte_texts import draw_case
from zoo.training.tasks.new_data import NewData, call_class

Example = tuple[Tensor, Tensor]  # (T, word_bytes) int64, (T,) int64

OPTIONS: dict[str, Any] = {
    "min_count": 2,  # how often a word occurs in training to have an embedding; rarer ones teach the unknown one
    "word_bytes": 32,  # longer words are cut
    "embedding_scale": 0.1,  # of the initial word embeddings
    "label_smoothing": 0.0,
    "case": 0.0,  # share of the training sentences in capitals, and as many in small letters
    "condition": "",  # of `CONDITIONS`, in which validation and test are read
}
# Condition -> how each word is written.
CONDITIONS: dict[str, Callable[[str], str]] = {"small letters": str.lower, "capitals": str.upper}
FAST_SENTENCES = 100
EVALUATION_BATCH = 128


def collate(examples: list[Example]) -> Batch:
    """Return a padded batch: (B, T, word_bytes), lengths, tags (B, T)."""
    input, lengths = pad_sequences([words for words, _ in examples])
    return Batch(input, lengths, pad_sequences([tags for _, tags in examples], PADDING)[0])


def rewrite(sentence: TaggedSentence, write: Callable[[str], str]) -> TaggedSentence:
    """Return a sentence with each word as `write` writes it."""
    return replace(sentence, words=[write(word) for word in sentence.words])


class WordTagging(Task):
    """What tagging tasks share. A derived class gives the corpus and the score."""

    mode: ClassVar[Literal["min", "max"]] = "max"
    learner = TaggingLearner
    reading = ("words",)  # see `load_words`, which reads CoNLL-U whatever the option says
    training_form = ("words=columns",)

    @classmethod
    def open_new(
        cls, options: dict[str, Any], record: dict[str, Any], data: str, reading: Mapping[str, Any] = UNCHANGED
    ) -> NewData:
        """Return the sentences of a file; each word has the tag that is most likely.

        Raises:
            ArgumentError: the model was trained by a version that did not write its tags down.
        """
        if "tags" not in record:
            raise ArgumentError("the model does not say what its tags are called; train it again")
        sentences = load_words(data, str(reading.get("words", "")))

        def describe(outputs: Sequence[Tensor]) -> list[list[str]]:
            return [
                [str(line), word, *call_class(record["tags"], scores)]
                for sentence, output in zip(sentences, outputs, strict=True)
                for line, word, scores in zip(sentence.lines, sentence.words, output[0], strict=True)
            ]

        size = options.get("word_bytes", OPTIONS["word_bytes"])
        inputs = [spell(sentence.words, size).unsqueeze(0) for sentence in sentences]  # each (1, words, bytes)
        return NewData(inputs, ["line", "word", "label", "probability"], describe)

    def record(self) -> dict[str, Any]:
        return {"tags": list(self.tags)}

    def set_corpus(self, corpus: TaggedCorpus, fast: bool) -> None:
        """Take the three splits of a corpus; few sentences to train and validate on where `fast`."""
        self.label_smoothing = self.options["label_smoothing"]
        self.set_tags(corpus.tags, [*corpus.validation, *corpus.test])
        self.corpus = corpus
        few = slice(FAST_SENTENCES if fast else None)
        self.train = corpus.train[few]
        self.validation = self._in_condition(corpus.validation[few])
        counts = Counter(word.lower() for sentence in corpus.train for word in sentence.words)
        frequent = [word for word, count in counts.items() if count >= self.options["min_count"]]
        self.vocabulary = frequent or list(counts)

    def set_tags(self, tags: Sequence[str], others: Sequence[TaggedSentence]) -> None:
        """Take the tags of training, which the model can give, and sentences that may have more of them."""
        self.tags = tuple(tags)
        # A tag that training lacks can only be missed: it has a number that the model has no score for.
        unseen = {tag for sentence in others for tag in sentence.tags} - set(tags)
        self.all_tags = (*self.tags, *sorted(unseen))

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
        def vary(sentences: Sequence[TaggedSentence]) -> Batch:
            return collate(self._encode([rewrite(one, draw_case(self.options["case"])) for one in sentences]))

        return make_loader(self.train, [len(sentence.words) for sentence in self.train], vary, batch_size, seed)

    def validation_batches(self) -> list[Batch]:
        return self._split(self.validation)

    def test_batches(self) -> list[Batch]:
        return self._split(self.test_sentences())

    def test_sentences(self) -> list[TaggedSentence]:
        """Return the sentences of the test part in the order of `test_batches`, as the condition writes them."""
        return self._in_condition(self.corpus.test)

    def _split(self, sentences: Sequence[TaggedSentence]) -> list[Batch]:
        return split_batches(self._encode(sentences), collate, EVALUATION_BATCH)

    def _in_condition(self, sentences: Sequence[TaggedSentence]) -> list[TaggedSentence]:
        """Return the sentences of a split to judge by, in order of length, as the condition of the options has them."""
        condition = self.options["condition"]
        if condition not in ("", *CONDITIONS):
            raise ArgumentError(f"no condition is called {condition!r}; there are {', '.join(CONDITIONS)}")
        write = CONDITIONS.get(condition, str)
        in_order = sorted(sentences, key=lambda sentence: len(sentence.words))
        return [rewrite(sentence, write) for sentence in in_order]

    def _encode(self, sentences: Sequence[TaggedSentence]) -> list[Example]:
        """Return the bytes of sentences' words, and their tags."""
        places = {tag: k for k, tag in enumerate(self.all_tags)}
        size = self.options["word_bytes"]
        return [
            (spell(sentence.words, size), torch.tensor([places[tag] for tag in sentence.tags]))
            for sentence in sentences
        ]

    def _count_words(self) -> int:
        # As the model's hash sees them: upper case is ASCII's only, and what lies behind the cut does not count.
        size = self.options["word_bytes"]
        return len({word.encode().lower()[:size] for word in self.vocabulary})
