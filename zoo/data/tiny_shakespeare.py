"""tinyshakespeare (Karpathy 2015): 1,115,394 characters of Shakespeare's plays, 65 different ones.

The last tenth, on which figures are usually given, is the test part here, and the twentieth before it decides
among experiments. The final training takes that twentieth in, as the usual split does: it holds the first scenes of
the play that the test part goes on with.
"""

from __future__ import annotations

from zoo.data.plain_text import CharacterText, split_characters
from zoo.data.source import DataSource, read_files

SOURCE = DataSource(
    name="tinyshakespeare",
    folder="tinyshakespeare",
    address="https://github.com/karpathy/char-rnn (data/tinyshakespeare)",
    license="public domain",
    sha256="51950dfa553e8e4065cde4276738f2327fa608bf57b8f4507ea4b2b5d12ad521",
    contents="input.txt",
)


def load_tiny_shakespeare() -> CharacterText:
    """Return the text as tokens in three parts.

    Raises:
        DataError: the file is missing or another one.
    """
    ((_, content),) = read_files(SOURCE, "input.txt")
    return split_characters(content.decode())
