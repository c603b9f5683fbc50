"""Files of tagged words: columns as CoNLL-2003, GermEval and WNUT have them, and CoNLL-U, told apart by their lines."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from zoo.data.blanks import BLANKS, cut_at_blanks, find_other_blank
from zoo.data.conllu import COLUMNS, NAMES, TaggedSentence, parse_conllu, read_sentences
from zoo.data.settings import Setting
from zoo.data.source import DataError, named, read_text
from zoo.errors import ArgumentError

DOCUMENT = "-DOCSTART-"  # CoNLL-2003 begins a document with it
ENTITY = re.compile(r"O|[BIESLUM]-.+")
BARE = re.compile(r"[BIESLUMO]")  # where there is one type of entity only, such as the words of Chinese
# Marks of entities as other programs write them: in small letters, with another sign, or behind the type.
OTHER_MARK = re.compile(r"(?i:o|[bieslum][-_/:|.].+)|.+[-_/:|.][BIESLUM]")
# A line that may be a comment, with the kind of comment: "# sent_id = 5", "# 17", "#begin document".
SPACED, ATTACHED = re.compile(r"#\s+([^\W_][^\s=:]*)"), re.compile(r"#([^\W\d_]\S*)")


@dataclass(frozen=True)
class TaggedFile:
    """A file of tagged words, as read.

    Args:
        sentences: none of them empty.
        form: what the file was taken for, in words.
    """

    sentences: list[TaggedSentence]
    form: str


@dataclass(frozen=True)
class Layout:
    """Which columns hold what.

    Args:
        separator: a tab, or None for any of ASCII's blanks.
        width: number of columns.
        word, tag: places of the two, from 0.
    """

    separator: str | None
    width: int
    word: int
    tag: int

    def split(self, line: str) -> list[str]:
        """Return the fields of a line."""
        return [part.strip(BLANKS) for part in line.split(self.separator)] if self.separator else cut_at_blanks(line)

    def __str__(self) -> str:
        what = "tabs" if self.separator else "blanks"
        return f"columns with {what} between: word in column {self.word + 1}, tag in column {self.tag + 1}"


def load_tagged(path: str | Path, column: str | int = "") -> TaggedFile:
    """Read a file of tagged words.

    Args:
        path: of a CoNLL-U file, or of one with a word, its tag and perhaps other columns in a line.
        column: what becomes the tag: the name of a column of CoNLL-U, by default upos; otherwise a number from 1, by
            default the last column, or the third where the first one numbers the words.

    Raises:
        DataError: the file is missing, not UTF-8, without any sentence or of another form, with its name and line.
        ArgumentError: no such column.
    """
    text = read_text(path)
    with named(path):
        if str(path).endswith(".conllu") or is_conllu(text):
            name = str(column or "upos")
            found = TaggedFile(parse_conllu(text, name), f"CoNLL-U, column {name}")
        else:
            layout = find_layout(text, column)
            comments = find_comments(text, layout)
            form = str(layout)
            if comments:
                form += f"; comments: {len(comments):,} lines of as many columns, such as line {min(comments)}"
            found = TaggedFile(_parse(text, layout, comments), form)
    if not found.sentences:
        raise DataError(f"{path} has no sentence; expected a word and its tag in each line, blank lines between")
    return found


def is_conllu(text: str) -> bool:
    """Return whether a text begins as CoNLL-U does: ten columns, of which the first one numbers the words."""
    if text.startswith(NAMES):
        return True
    for line in text.split("\n"):
        if line.strip() and not line.startswith("#"):
            fields = line.split("\t")
            return len(fields) == len(COLUMNS) and re.fullmatch(r"\d+([-.]\d+)?", fields[0]) is not None
    return False


def find_layout(text: str, column: str | int = "") -> Layout:
    """Return the columns of a text by what most of its lines have.

    Raises:
        DataError: most lines have one column.
        ArgumentError: there is no column of this number.
    """
    lines = [line for line in text.split("\n") if line.strip() and not begins_document(line)]
    lines = [line for line in lines if not line.startswith("#")] or lines  # these may be comments
    separator = "\t" if 2 * sum("\t" in line for line in lines) >= len(lines) else None
    rows = [line.split(separator) if separator else cut_at_blanks(line) for line in lines]
    width = Counter(map(len, rows)).most_common(1)[0][0] if rows else 2
    if width < 2:
        other = find_other_blank(lines)
        hint = f"; {other} between is no blank, write a tab in its place" if other else ""
        raise DataError(f"most lines have 1 column, expected a word and its tag, with a tab or a blank between{hint}")
    numbered = width > 2 and all(row[0].strip().isdigit() for row in rows if len(row) == width)
    word, tag = (1, 2) if numbered else (0, width - 1)
    if column:
        if not str(column).isdigit() or not 1 <= int(column) <= width or int(column) == word + 1:
            raise ArgumentError(
                f"there is no tag in column {column!r}; give a number from 1 to {width}, not {word + 1}"
            )
        tag = int(column) - 1
    return Layout(separator, width, word, tag)


def parse_columns(text: str, layout: Layout | None = None) -> list[TaggedSentence]:
    """Read sentences of one word per line, with blank lines between sentences.

    Lines that begin with # are comments where they have another width, where the first column numbers the words, and
    where `find_comments` has them.

    Args:
        text: the file's content.
        layout: where word and tag stand; found by `find_layout` where None.

    Raises:
        DataError: a line of another form; the message has its number.
    """
    columns = layout or find_layout(text)
    return _parse(text, columns, find_comments(text, columns))


@dataclass(frozen=True)
class _Head:
    """A line that begins with # above the first word of a sentence, and may be a comment.

    Args:
        number: of the line, from 1.
        sentence: how many sentences stand before it.
        kind: what follows the #.
        tag: which it has if it is a word, or None where it has not as many columns as a word.
    """

    number: int
    sentence: int
    kind: str
    tag: str | None


def find_comments(text: str, layout: Layout) -> set[int]:
    """Return the numbers of the lines that are comments, although they have as many columns as a word.

    They begin with #, and stand above the first word of a sentence. All lines of a kind, such as `sent_id` in
    `# sent_id = 5`, are comments where one of them cannot be a word, by its width or by a tag that no word has, and
    where every sentence has one. `#name` may be a hashtag: it is a comment where nothing else has its tag.
    """
    spaced: dict[str, list[_Head]] = defaultdict(list)
    attached: dict[str | None, list[_Head]] = defaultdict(list)
    tags: set[str] = set()
    sentences, above = 0, True
    for number, line in enumerate(text.split("\n"), 1):
        fields = layout.split(line)
        if not line.strip() or begins_document(line):
            above = True
        else:
            tag = fields[layout.tag] if len(fields) == layout.width else None
            if above and (start := SPACED.match(line)):
                kind = "a number" if start[1].isdigit() else start[1]
                spaced[kind].append(_Head(number, sentences, start[1], tag))
            elif above and (start := ATTACHED.match(line)):
                attached[tag].append(_Head(number, sentences, start[1], tag))
            else:
                sentences, above = sentences + above, False
                tags |= {tag} if tag else set()
    if not tags:
        return set()

    def is_tag(text: str | None) -> bool:
        return text is not None and (text in tags or ENTITY.fullmatch(text) is not None)

    comments: list[_Head] = []
    for lines in spaced.values():
        everywhere = len({line.sentence for line in lines}) == sentences > 1
        if not all(is_tag(line.tag) for line in lines) or (everywhere and lines[0].tag != lines[0].kind):
            comments += lines
    for tag, lines in attached.items():
        if not is_tag(tag) and len({line.kind for line in lines}) == 1:
            comments += lines
    return {line.number for line in comments if line.tag is not None}


def _parse(text: str, columns: Layout, comments: Collection[int]) -> list[TaggedSentence]:
    def read_word(number: int, line: str) -> tuple[str, str] | None:
        fields = columns.split(line)
        if number in comments:
            return None
        if line.startswith("#") and (len(fields) != columns.width or columns.word > 0):
            return None
        if len(fields) != columns.width:
            between = "tabs" if columns.separator else "blanks"
            raise DataError(f"line {number} has {len(fields)} columns, expected {columns.width} with {between} between")
        if not fields[columns.word]:
            raise DataError(f"line {number} has no word for the tag {fields[columns.tag]!r}")
        if not fields[columns.tag]:
            raise DataError(f"line {number} has no tag for {fields[columns.word]!r}")
        return fields[columns.word], fields[columns.tag]

    # The begin of a document ends a sentence, as a blank line does.
    lines = ["" if begins_document(line) else line for line in text.split("\n")]
    return read_sentences("\n".join(lines), read_word)


def begins_document(line: str) -> bool:
    """Return whether a line is the one with which a document of CoNLL-2003 begins."""
    return line.lstrip().startswith(DOCUMENT)


def find_scheme(tags: Iterable[str]) -> str:
    """Return how tags mark entities: BIO, IO, BIOES (which BILOU is too) or BMES, or nothing where they mark none."""
    marks = set(tags) - {"O"}
    prefixes = {tag[0] for tag in marks}
    typed = bool(marks) and all(map(ENTITY.fullmatch, marks)) and ("O" in tags or "B" in prefixes)
    bare = all(map(BARE.fullmatch, marks)) and "B" in prefixes and bool(prefixes & set("IMEL"))
    if not typed and not bare:
        return ""
    if "M" in prefixes:
        return "BMES"
    if prefixes & set("ESLU"):
        return "BIOES"
    return "BIO" if "B" in prefixes else "IO"


def refuse_odd_tags(sentences: Iterable[TaggedSentence]) -> None:
    """Refuse tags of which most mark entities and some do not, and marks in another writing.

    Raises:
        DataError: with the line of the first tag that is none.
    """
    lines: dict[str, int] = {}
    for sentence in sentences:
        for tag, line in zip(sentence.tags, sentence.lines, strict=True):
            lines.setdefault(tag, line)
    if find_scheme(lines) or not {"O", "o"} & lines.keys():
        return
    as_they_are = Setting("scheme", ("none",), "to take the tags as they are")
    marks = [tag for tag in lines if ENTITY.fullmatch(tag) and tag != "O"]
    odd = [tag for tag in lines if not ENTITY.fullmatch(tag)]
    if odd and len(marks) >= len(odd):
        raise DataError(
            f"line {lines[odd[0]]}: the tag {odd[0]!r} marks no entity, and {marks[0]!r} in line {lines[marks[0]]} "
            "does; mend the tag",
            as_they_are,
        )
    if len(lines) > 1 and all(map(OTHER_MARK.fullmatch, lines)):
        tag = next(tag for tag in odd if tag not in ("O", "o"))
        raise DataError(
            f"line {lines[tag]}: the tag {tag!r} looks like the mark of an entity; write such tags as B-TYPE, I-TYPE "
            "and O",
            as_they_are,
        )
