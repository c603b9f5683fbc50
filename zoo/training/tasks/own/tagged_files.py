"""A user's own tagged words: CoNLL-U, or columns as CoNLL-2003 has them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any, ClassVar

from torch import Tensor

from zoo.data.conllu import TaggedCorpus, TaggedSentence
from zoo.data.settings import Setting
from zoo.data.source import DataError, DataSource, named
from zoo.data.tagged_columns import find_scheme, load_tagged, refuse_odd_tags
from zoo.errors import ArgumentError
from zoo.training.batching import Batch
from zoo.training.learners.tagging import score_entities, score_words
from zoo.training.tasks.base import Task, read_options
from zoo.training.tasks.own.labelled import check_parts
from zoo.training.tasks.own.repeats import find_repeats
from zoo.training.tasks.own.sameness import refuse_other_data
from zoo.training.tasks.tagging import OPTIONS, WordTagging

OWN: dict[str, Any] = {
    "train": "",
    "validation": "",  # empty: a share of the training file
    "test": "",  # empty: the end of the training file
    "validation_share": 0.1,
    "test_share": 0.1,
    "column": "",  # a name in CoNLL-U, by default upos, or a number from 1, by default the last one
    "unseen_tags": "refuse",  # or "miss": a word whose tag training lacks counts as wrong
    "scheme": "",  # or "none": the tags mark no entities, whatever they look like
}

# So many sentences of a part, such as "Yes .", are in training too without a fault of the data.
USUAL = 0.05


class TaggedFiles(WordTagging):
    """Tags of the files `task.options.train`, `.validation` and `.test`.

    Parts without a file are cut from the training file in its order: neighbouring sentences are alike, and a draw would
    put them into both parts.
    """

    about: ClassVar[DataSource] = DataSource("your tagged words", "", "", "yours")
    metric = "accuracy"

    def __init__(self, options: dict[str, Any], fast: bool = False) -> None:
        self.options = read_options(options, {**OPTIONS, **OWN}, "conllu")
        if self.options["unseen_tags"] not in ("refuse", "miss"):
            raise ArgumentError(f"unseen_tags must be refuse or miss, got {self.options['unseen_tags']!r}")
        if self.options["scheme"] not in ("", "none"):
            raise ArgumentError(f"scheme must be none, or empty to find it, got {self.options['scheme']!r}")
        if not self.options["train"]:
            raise DataError("task conllu needs data", Setting("train", ("FILE",)))
        whole = load_tagged(self.options["train"], self.options["column"])
        self.form = whole.form
        parts = self._cut_parts(whole.sentences)
        corpus = TaggedCorpus(parts["train"], parts["validation"], parts["test"])
        if len(corpus.tags) < 2:
            raise DataError(f"{self.options['train']} has one tag only, {corpus.tags[0]!r}; a tagger needs two")
        if not self.options["scheme"]:
            with named(self.options["train"]):
                refuse_odd_tags(corpus.train)
        self.set_scheme("" if self.options["scheme"] else find_scheme(corpus.tags))
        for name in ("validation", "test"):
            self.check_tags(parts[name], corpus.tags, self.options[name] or self.options["train"])
        self.repeats = find_repeats(
            "sentences",
            {name: [(*sentence.words, *sentence.tags) for sentence in part] for name, part in parts.items()},
        )
        self.set_corpus(corpus, fast)

    @classmethod
    def restore(cls, options: dict[str, Any], record: dict[str, Any], data: str = "") -> Task:
        task = cls.__new__(cls)
        task.options = read_options(options, {**OPTIONS, **OWN}, "conllu")
        path = data or task.options["test"]
        if not path:  # the test part is the end of the training file
            whole = cls(options)
            refuse_other_data(whole.record(), record, whole.options["train"])
            return whole
        sentences = load_tagged(path, task.options["column"]).sentences
        task.set_scheme(record["scheme"])
        task.check_tags(sentences, record["tags"], path)
        task.set_tags(record["tags"], sentences)
        task.corpus = TaggedCorpus([], [], sentences)
        return task

    def record(self) -> dict[str, Any]:
        sizes = [len(part) for part in (self.corpus.train, self.corpus.validation, self.corpus.test)]
        return {"tags": list(self.tags), "scheme": self.scheme, "parts": sizes, "repeats": self.repeats.counts}

    def set_scheme(self, scheme: str) -> None:
        """Take how the tags mark entities; then F1 decides, not accuracy."""
        self.scheme = scheme
        self.metric = "f1" if scheme else "accuracy"  # type: ignore[misc]

    def check_tags(self, sentences: Sequence[TaggedSentence], known: Sequence[str], path: str) -> None:
        """Refuse tags that training lacks, if the option says so.

        Raises:
            DataError: the message has the file and the line of the first one.
        """
        if self.options["unseen_tags"] == "miss":
            return
        for sentence in sentences:
            for tag, line in zip(sentence.tags, sentence.lines, strict=True):
                if tag not in known:
                    raise DataError(
                        f"{path}, line {line}: the tag {tag!r} is not in the training data",
                        Setting("unseen_tags", ("miss",), "to count such words as wrong"),
                    )

    def meaning(self) -> dict[str, str]:
        return {
            "purpose": f"Gives each word one of {len(self.tags)} tags.",
            "input": f"one word a step, as {self.options['word_bytes']} UTF-8 bytes padded with 0",
            "output": f"scores of the {len(self.tags)} tags for each word; softmax makes probabilities of them",
        }

    def facts(self) -> dict[str, str]:
        parts = (self.corpus.train, self.corpus.validation, self.corpus.test)
        words = [word for part in parts for sentence in part for word in sentence.words]
        counts = Counter(tag for sentence in self.corpus.train for tag in sentence.tags)
        shown = ", ".join(f"{tag} {count}" for tag, count in counts.most_common(12))
        long = sum(len(word.encode()) > self.options["word_bytes"] for word in words)
        cut = f"; {long} of more than {self.options['word_bytes']} bytes are cut" if long else ""
        drawn = [name for name in ("validation", "test") if not self.options[name]]
        how = f"{' and '.join(drawn)}: the end of the training file" if drawn else "a file for each"
        return {
            "form": self.form,
            "words": f"{len(words):,} in {sum(map(len, parts)):,} sentences{cut}",
            "tags": f"{len(self.tags)}: {shown}{', ...' if len(counts) > 12 else ''} to train on",
            "entities": f"marked as {self.scheme}; F1 of whole entities is the figure"
            if self.scheme
            else "none marked",
            "split": "{} train, {} validation, {} test sentences; ".format(*map(len, parts)) + how,
            **self.repeats.warn(USUAL),
        }

    def score(self, outputs: Sequence[Tensor], batches: Sequence[Batch]) -> dict[str, float]:
        found = score_words(outputs, batches)
        return {**found, **score_entities(outputs, batches, self.all_tags)} if self.scheme else found

    def _cut_parts(self, sentences: list[TaggedSentence]) -> dict[str, list[TaggedSentence]]:
        """Return the three parts: files where there are any, and cuts of the training file for the others."""
        check_parts(self.options)
        parts: dict[str, list[TaggedSentence]] = {}
        rest = sentences
        for name in ("test", "validation"):
            if self.options[name]:
                parts[name] = load_tagged(self.options[name], self.options["column"]).sentences
                continue
            count = max(1, round(self.options[f"{name}_share"] * len(sentences)))
            if count >= len(rest):
                raise DataError(
                    f"{self.options['train']} is too short to cut off a {name} part: sentences end at blank lines, and "
                    f"there are {len(sentences)}; give a longer file, or data of its own",
                    Setting(name, ("FILE",)),
                )
            rest, parts[name] = rest[:-count], rest[-count:]
        return {"train": rest, **parts}
