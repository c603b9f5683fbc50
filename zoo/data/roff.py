"""The prose of a manual page: its roff source without markup, examples, and words in another font.

Words in bold and italics are commands, options and their arguments, which are alike in every language. They, tables
and examples are left out; the prose breaks there.
"""

from __future__ import annotations

import re
import unicodedata

# The mark of a place where something was left out.
BREAK = "\n"
# A request that opens a block of source, examples or tables, and the one that closes it.
BLOCKS = {
    ".ig": "..",
    ".de": "..",
    ".am": "..",
    ".nf": ".fi",
    ".EX": ".EE",
    ".Vb": ".Ve",
    ".TS": ".TE",
    ".Bd": ".Ed",
    ".SY": ".YS",
}
# Signs by their names in \(xx and \[xx]; the prose breaks at all others.
SIGNS = {
    "aq": "'",
    "cq": "\u2019",
    "oq": "\u2018",
    "lq": "“",
    "rq": "”",
    "dq": '"',
    "Fo": "«",
    "Fc": "»",
    "em": "—",
    "en": "\u2013",
    "hy": "-",
    "ss": "ß",
    "AE": "Æ",
    "ae": "æ",
}
ACCENTS = {"'": "\u0301", "`": "\u0300", "^": "\u0302", ":": "\u0308", "~": "\u0303", ",": "\u0327"}
COMMENT = re.compile(r"""\\".*""")
FONT = re.compile(r"\\f(\(..|\[[^\]]*\]|.)")
UPRIGHT = ("R", "1", "P", "[R]", "[]", "[P]")
SIGN = re.compile(r"\\\((..)|\\\[([^\]]*)\]")
MEASURE = re.compile(r"\\[hvwoDlLZ]'[^']*'|\\s[+-]?\d+|\\[mMY]\[[^\]]*\]")
VARIABLE = re.compile(r"\\[*n$](?:\(..|\[[^\]]*\]|.)|\\[kz].")
NOTHING = re.compile(r"\\[&,/|^:%)!?{}cdu]")
SPACE = re.compile(r"\\[ ~0t]|[ \t]+")


def read_prose(source: str) -> list[str]:
    """Return the stretches of prose of a page, each in one line without markup.

    Args:
        source: of the page, with the macros of man or mdoc.
    """
    return [stretch for text in _join_lines(source) for stretch in _plain(text).split(BREAK) if stretch.strip()]


def _join_lines(source: str) -> list[str]:
    """Return the texts between requests, without examples; a request breaks the prose, whatever it does."""
    texts: list[str] = []
    lines: list[str] = []
    closing = ""
    for line in source.splitlines():
        if closing:
            closing = "" if line.startswith(closing) else closing
        elif line[:1] in (".", "'"):
            closing = BLOCKS.get("." + line[1:].split(" ")[0], "")
            texts.append(" ".join(lines))
            lines = []
        elif line.strip():
            lines.append(COMMENT.sub("", line).strip())
        else:
            lines.append(BREAK)
    return [text for text in [*texts, " ".join(lines)] if text]


def _plain(text: str) -> str:
    """Return a text with breaks for words in another font and unknown signs, and without escapes."""
    first, *others = FONT.split(text)
    upright = [first]
    for font, words in zip(others[::2], others[1::2], strict=True):
        upright += [BREAK, words if font in UPRIGHT else ""]
    plain = MEASURE.sub("", "".join(upright))
    plain = VARIABLE.sub(BREAK, SIGN.sub(_write_sign, plain))
    plain = NOTHING.sub("", plain).replace("\\-", "-").replace("\\'", "'").replace("\\`", "`")
    return SPACE.sub(" ", plain).replace("\\", BREAK)


def _write_sign(found: re.Match[str]) -> str:
    """Return the sign of a name such as aq, 'e or u00E9; a break where it is unknown."""
    name = found[1] or found[2]
    if name in SIGNS:
        return SIGNS[name]
    if len(name) == 2 and name[0] in ACCENTS and name[1].isalpha():
        return unicodedata.normalize("NFC", name[1] + ACCENTS[name[0]])
    code = re.fullmatch(r"u([0-9A-F]{4,5})", name)
    return chr(int(code[1], 16)) if code else BREAK
