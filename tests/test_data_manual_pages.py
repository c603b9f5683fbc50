"""Sentences of manual pages: roff without markup, words only, splits by page, snippets, and sets that are refused."""

import gzip
import itertools
import random
import shutil
import subprocess
from pathlib import Path

import pytest
from fetch_manual_pages import MOST_CHARACTERS, choose_pages, find_package, read_pages
from support.data_sets import need

from zoo.data import manual_pages
from zoo.data.manual_pages import LANGUAGES, ManualPages, load_manual_pages, part_of, split_lines
from zoo.data.plain_sentences import has_script, keep_own, split_sentences
from zoo.data.roff import read_prose
from zoo.data.snippets import cut, draw_different, draw_snippet, drop_accents, insert_number
from zoo.data.source import DataError

PAGE = r""".\" -*- coding: UTF-8 -*-
'\" t
.TH LS 1 "Syyskuuta 2022" "GNU coreutils"
.ig
hidden
..
.SH KUVAUS
Luettele TIEDOSTOjen tiedot. Lajittele
merkinnät \" a comment
ellei valitsinta \fB\-c\fP tai \fIM\fR ole \(lqannettu\(rq. \" a comment
.B ls \-l
.nf
int main(void);
.fi
C\-kielen v\[u00E4]li\|n, ep\[:a]selv\(:a \*(xx loppu\&.

uusi \s+1kappale\s0 \[zz] t\\\&ss\['a]
'ad l
.EX
example
.EE
viimeinen
"""


def test_a_page_without_its_markup() -> None:
    assert [" ".join(stretch.split()) for stretch in read_prose(PAGE)] == [
        "Luettele TIEDOSTOjen tiedot. Lajittele merkinnät ellei valitsinta",
        "tai",
        "ole “annettu”.",
        "C-kielen välin, epäselvä",
        "loppu.",
        "uusi kappale",
        "t",
        "ssá",
        "viimeinen",
    ]


@pytest.mark.parametrize(
    ("prose", "language", "sentences"),
    [
        ("Das ist ein Satz. Und hier, (noch) einer!", "de", ["Das ist ein Satz", "Und hier, (noch) einer"]),
        ("vor dem --force hinter dem Wort ab 3.4 oder", "de", ["hinter dem Wort ab"]),
        ("siehe /etc/passwd oder z.B. in einer der Dateien", "de", ["in einer der Dateien"]),
        ("ein e-mail-Postfach für x_y alle", "de", ["ein e-mail-Postfach für"]),
        ("этот процесс завершит kill сразу же", "ru", ["этот процесс завершит kill сразу же"]),
        ("Kernel Newbies Handbook для всех", "ru", []),
        ("слово среди латинских букв", "de", []),
        ("短い。一つのファイルを 表示する場合はこの/a表示する", "ja", ["一つのファイルを表示する場合はこの"]),
        ("zu kurz", "de", []),
    ],
)
def test_sentences_hold_words_of_their_language(prose: str, language: str, sentences: list[str]) -> None:
    assert split_sentences([prose], language) == sentences


def test_what_nobody_has_translated_goes() -> None:
    english = {f"page.{k}": ["list the entries of this directory", "show the names of the files"] for k in range(3)}
    own = {"ls.1": ["vis navnene på alle filer", "Show entries of the files"], "rm.1": ["VIS navnene på alle filer"]}
    other = {"ls.1": ["Free Software Foundation Oy", "näytä kaikki nimet"], "rm.1": ["käytä nimeä names of"]}
    more = {"ls.1": ["free software foundation oy", "visa alla namnen"]}
    for page in english:
        english[page] = [f"{sentence} {page}" for sentence in english[page]]
    kept = keep_own({"en": english, "da": own, "fi": other, "sv": more})
    assert kept["da"] == {"ls.1": ["vis navnene på alle filer"]}
    assert kept["fi"] == {"ls.1": ["näytä kaikki nimet"], "rm.1": ["käytä nimeä names of"]}
    assert kept["sv"] == {"ls.1": ["visa alla namnen"]}
    assert kept["en"] == english


def test_a_page_is_in_one_part_in_every_language() -> None:
    pages = [f"page{k}.1" for k in range(1000)]
    whole = ManualPages()
    for language in ("da", "fi"):
        split_lines([f"{page}\t{language} {page}" for page in pages], language, whole)
    parts = [whole.train, whole.validation, whole.test]
    for part in parts:
        assert [line.split()[1] for line in part["da"]] == [line.split()[1] for line in part["fi"]]
    assert sum(len(part["da"]) for part in parts) == 1000
    assert [len(part["da"]) / 10 for part in parts] == pytest.approx([70, 10, 20], abs=4)
    assert [part_of(page) for page in ("ls.1", "open.2", "xz.1")] == [part_of(p) for p in ("ls.1", "open.2", "xz.1")]
    few = ManualPages()
    split_lines([f"{pages[7]}\tda"], "da", few)
    assert getattr(few, part_of(pages[7])) == {"da": ["da"]}, "other pages do not matter"


def test_the_set_has_every_language_in_every_part() -> None:
    need(manual_pages.SOURCE)
    data = load_manual_pages()
    for part in (data.train, data.validation, data.test):
        assert set(part) == set(LANGUAGES)
        assert all(has_script(text, language) for language, texts in part.items() for text in texts)
    for language in LANGUAGES:
        parts = [{text.casefold() for text in part[language]} for part in (data.train, data.validation, data.test)]
        assert not any(a & b for a, b in itertools.combinations(parts, 2))


def test_a_damaged_set_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZOO_DATA", str(tmp_path))
    with pytest.raises(DataError, match=r"has no folder 'manual_pages'.*fetch_manual_pages\.py"):
        load_manual_pages()
    (tmp_path / "manual_pages").mkdir()
    (tmp_path / "manual_pages" / "da.txt").write_text("ls.1\tvis navnene\n")
    with pytest.raises(DataError, match=r"SHA-256 .*missing, added or changed"):
        load_manual_pages()
    with pytest.raises(DataError, match=r"da\.txt, line 2: expected a page, a tab and a sentence, got 'ls\.1 vis'"):
        split_lines(["ls.1\tvis navnene", "ls.1 vis"], "da", ManualPages())


def test_snippets_begin_and_end_with_words() -> None:
    generator = random.Random(0)
    sentence = "one three fifteen a eleven twenty six"
    found = {cut(sentence, 12, generator) for _ in range(200)}
    assert found == {"one three", "three", "fifteen a", "a eleven", "eleven", "twenty six"}
    assert cut("short", 12, generator) == "short"
    assert cut("averyveryverylongword next", 12, random.Random(1)) in ("", "next")
    assert {len(cut("文字の列には空白がない", 4, generator, spaced=False)) for _ in range(50)} == {4}


def test_drawn_snippets_are_different_and_long_enough() -> None:
    texts = ["в начале всех строк файла Debian GNU Linux Release стоит одно слово", "очень короткое"]
    drawn = draw_different(texts, "ru", 16, 4, seed=0)
    assert drawn == draw_different(texts, "ru", 16, 4, seed=0)
    assert len(set(drawn)) == 4
    assert all(12 <= len(text) <= 16 and has_script(text, "ru") for text in drawn)
    with pytest.raises(DataError, match=r"'ru' hold \d+ different snippets of 16 characters, expected 40"):
        draw_different(texts, "ru", 16, 40, seed=0)
    everything = {draw_snippet(texts, "ru", 16, random.Random(k)) for k in range(200)}
    assert "всех строк файла" in everything
    assert not any("Linux" in text for text in everything)
    with pytest.raises(DataError, match="no snippet of 90 characters"):
        draw_snippet(texts, "ru", 90, random.Random(0))


def test_other_ways_of_writing() -> None:
    assert drop_accents("Złoty sørgelig žluťoučký đường İstanbul") == "Zloty sorgelig zlutoucky duong Istanbul"
    assert drop_accents("ёлка が") == "ёлка が"
    words = insert_number("two words", random.Random(0)).split()
    assert (words[0], words[2], words[1].isdigit()) == ("two", "words", True)
    glued = insert_number("漢字", random.Random(0))
    assert "".join(c for c in glued if not c.isdigit()) == "漢字"
    assert len(glued) > 2


@pytest.mark.skipif(shutil.which("dpkg-deb") is None, reason="dpkg-deb, which reads packages of Debian, is not here")
def test_pages_of_a_package(tmp_path: Path) -> None:
    manuals = tmp_path / "tree" / "usr" / "share" / "man"
    for place in ("pt_BR/man1/ls.1", "man2/open.2"):
        (manuals / place).parent.mkdir(parents=True)
        (manuals / f"{place}.gz").write_bytes(gzip.compress(f"página {place}".encode()))
    (manuals / "pt_BR/man1/dir.1.gz").symlink_to("ls.1.gz")
    (tmp_path / "tree" / "DEBIAN").mkdir()
    (tmp_path / "tree" / "DEBIAN" / "control").write_text(
        "Package: toy\nVersion: 1:2-3\nArchitecture: all\nMaintainer: a <a@example.org>\nDescription: toy\n"
    )
    package = tmp_path / "toy_1%3a2-3_all.deb"
    subprocess.run(["dpkg-deb", "--build", tmp_path / "tree", package], check=True, capture_output=True)
    assert sorted(read_pages(package)) == [
        ("en", "open.2", "página man2/open.2"),
        ("pt", "ls.1", "página pt_BR/man1/ls.1"),
    ]
    with pytest.raises(DataError, match=r"toy_1%3a2-3_all\.deb has SHA-256 .*expected 0000"):
        find_package("toy", "1:2-3", "0" * 64, tmp_path)


def test_a_language_of_much_text_gives_some_of_its_pages() -> None:
    pages = {f"page{k}.1": ["x" * 999] * 10 for k in range(100)}
    lines = choose_pages(pages)
    assert lines == sorted(lines) == choose_pages(dict(reversed(pages.items())))
    assert len(lines) == 310
    assert sum(len(line.partition("\t")[2]) for line in lines) >= MOST_CHARACTERS
    assert choose_pages({"ls.1": ["b", "a"]}) == ["ls.1\ta", "ls.1\tb"]
