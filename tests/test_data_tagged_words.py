"""Tagged words in CoNLL-U and in columns: words, tags and lines, what a file is taken for, and what is refused."""

from pathlib import Path

import pytest

from zoo.data.conllu import parse_conllu
from zoo.data.source import DataError
from zoo.data.tagged_columns import find_scheme, load_tagged, parse_columns, refuse_odd_tags
from zoo.training.own_data.kinds import find_kind

CONLLU = """# text = don't stop
1-2\tdon't\t_\t_\t_\t_\t_\t_\t_\t_
1\tdo\tdo\tAUX\tVBP\t_\t3\taux\t_\t_
2\tn't\tnot\tPART\tRB\t_\t3\tadvmod\t_\t_
3\tstop\tstop\tVERB\tVB\t_\t0\troot\t_\t_
3.1\tit\tit\tPRON\tPRP\t_\t_\t_\t_\t_

# a second one, and no blank line after it
1\tYes\tyes\tINTJ\tUH\t_\t0\troot\t_\t_"""
CONLL_2003 = """-DOCSTART- -X- -X- O

EU NNP B-NP B-ORG
rejects VBZ B-VP O
# # I-NP O

Peter NNP B-NP B-PER
"""
GERMEVAL = """#\tn-tv.de vom 26.02.2005 [2005-02-26]
1\tSchartau\tB-PER\tO
2\tsagte\tO\tO

#\ttagesspiegel [2005-03-01]
1\tBerliner\tB-ORG\tB-LOC
"""


def test_conllu_keeps_words_only() -> None:
    first, second = parse_conllu(CONLLU)
    assert (first.words, first.tags) == (["do", "n't", "stop"], ["AUX", "PART", "VERB"])
    assert first.lines == [3, 4, 5]
    assert (second.words, second.tags, second.lines) == (["Yes"], ["INTJ"], [9])
    assert parse_conllu(CONLLU, "XPOS")[0].tags == ["VBP", "RB", "VB"]


def test_conllu_plus_names_its_columns() -> None:
    text = "# global.columns = ID FORM NER\n1\tBonn\tB-LOC\n2\tist\tO\n"
    assert parse_conllu(text, "ner")[0].tags == ["B-LOC", "O"]
    with pytest.raises(ValueError, match="CoNLL-U has no column 'upos'; it has id, form, ner"):
        parse_conllu(text)


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig"])
def test_conllu_with_a_byte_order_mark_and_other_line_ends(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(CONLLU.replace("\n", "\r\n").encode(encoding))
    loaded = load_tagged(path)
    assert loaded.form == "CoNLL-U, column upos"
    assert loaded.sentences == parse_conllu(CONLLU)


@pytest.mark.parametrize(
    ("text", "column", "words"),
    [
        ("# x\n1\tdo\tdo\n", "", r"a.conllu, line 2 has 3 columns, expected 10 separated by tabs"),
        (CONLLU, "feats", r"a.conllu: column feats is empty \(_\) in all words; say column=NAME to take another"),
        ("", "", r"a.conllu has no sentence; expected a word and its tag in each line"),
        ("# only a comment\n", "", r"a.conllu has no sentence"),
    ],
)
def test_conllu_of_another_form_is_refused(tmp_path: Path, text: str, column: str, words: str) -> None:
    path = tmp_path / "a.conllu"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        load_tagged(path, column)


def test_a_column_that_is_not_there_is_refused() -> None:
    with pytest.raises(ValueError, match="CoNLL-U has no column 'pos'; it has id, form"):
        parse_conllu(CONLLU, "pos")


@pytest.mark.parametrize(
    ("text", "column", "form", "words", "tags"),
    [
        (
            CONLL_2003, "", "columns with blanks between: word in column 1, tag in column 4",
            [["EU", "rejects", "#"], ["Peter"]], [["B-ORG", "O", "O"], ["B-PER"]],
        ),
        (
            CONLL_2003, 3, "columns with blanks between: word in column 1, tag in column 3",
            [["EU", "rejects", "#"], ["Peter"]], [["B-NP", "B-VP", "I-NP"], ["B-NP"]],
        ),
        (
            GERMEVAL, "", "columns with tabs between: word in column 2, tag in column 3",
            [["Schartau", "sagte"], ["Berliner"]], [["B-PER", "O"], ["B-ORG"]],
        ),
        (
            "New\tB-location\nYork City\tI-location\n\t\n\n#is\tO\n", "",
            "columns with tabs between: word in column 1, tag in column 2",
            [["New", "York City"], ["#is"]], [["B-location", "I-location"], ["O"]],
        ),
    ],
)  # fmt: skip
def test_columns_of_words_and_tags(
    tmp_path: Path, text: str, column: str, form: str, words: list[list[str]], tags: list[list[str]]
) -> None:
    path = tmp_path / "train.txt"
    path.write_text(text)
    loaded = load_tagged(path, column)
    assert loaded.form == form
    assert [sentence.words for sentence in loaded.sentences] == words
    assert [sentence.tags for sentence in loaded.sentences] == tags


WORDS = "the _ _ O\nBonn _ _ B-LOC\n"
BLOCKS = [["the", "Bonn"], ["the", "Bonn"]]
HASH = ["#", "the", "Bonn"]


@pytest.mark.parametrize(
    ("text", "words", "comments"),
    [
        (f"# id 62\tdomain=train\n{WORDS}\n# id e8\tdomain=train\n{WORDS}", BLOCKS, 2),  # MultiCoNER
        (f"# sent_id = 5\n# text = the Bonn\n{WORDS}\n# sent_id = 6\n{WORDS}", BLOCKS, 2),
        (f"# text = Yes\n{WORDS}\n# text = O\n# text = the Bonn\n{WORDS}", BLOCKS, 2),  # of this kind is a wider one
        (f"# id 1 O\n{WORDS}\n# id 2 O\n{WORDS}", BLOCKS, 2),  # above every sentence
        (f"# sent_id = 1\n{WORDS}\n{WORDS}", BLOCKS, 1),
        ("1 the _ O\n2 Bonn _ B-LOC\n\n# id _ O\n1 the _ O\n2 Bonn _ B-LOC\n", BLOCKS, 0),  # words have numbers
        (f"# id 1 O\n{WORDS}\n{WORDS}", [HASH, ["the", "Bonn"]], 0),
        (f"# _ _ B-MISC\n{WORDS}\n{WORDS}", [HASH, ["the", "Bonn"]], 0),
        (f"{WORDS}# _ _ NEW\n\n{WORDS}", [["the", "Bonn", "#"], ["the", "Bonn"]], 0),
        ("# newdoc\nBonn NNP\n\nYes UH\n", [["Bonn"], ["Yes"]], 1),
        ("# 17\nBonn NNP\n\n# 18\nYes UH\n", [["Bonn"], ["Yes"]], 2),
        ("# 17\nBonn NNP\n-DOCSTART- O\n# 18\nYes UH\n", [["Bonn"], ["Yes"]], 2),
        ("# NNP\nBonn NNP\n\n# NNP\nYes UH\n", [["#", "Bonn"], ["#", "Yes"]], 0),
        ("Bonn NNP\n\nYes UH\n\n#end document\n", [["Bonn"], ["Yes"]], 1),
        ("#a HT\nBonn NNP\n\n#b HT\nYes UH\n", [["#a", "Bonn"], ["#b", "Yes"]], 0),
        ("#a HT\nBonn NNP\n\nYes UH\n#b HT\n", [["#a", "Bonn"], ["Yes", "#b"]], 0),
        ("#a B-x\n#1 O\nBonn O\n\nYes O\n", [["#a", "#1", "Bonn"], ["Yes"]], 0),
    ],
)
def test_comments_are_no_words(tmp_path: Path, text: str, words: list[list[str]], comments: int) -> None:
    path = tmp_path / "train.txt"
    path.write_text(text)
    loaded = load_tagged(path)
    assert [sentence.words for sentence in loaded.sentences] == words
    assert loaded.sentences == parse_columns(text)
    assert (f"; comments: {comments} lines of as many columns, such as line " in loaded.form) == (comments > 0)


def test_a_document_begins_with_a_sentence() -> None:
    """Without a blank line between, too."""
    text = CONLL_2003.replace("O\n\nPeter", "O\n-DOCSTART- -X- O O\nPeter")
    assert [sentence.words for sentence in parse_columns(text)] == [["EU", "rejects", "#"], ["Peter"]]


def test_comments_do_not_hide_the_columns(tmp_path: Path) -> None:
    sentences = [f"# sent_id = {k}\n# text = the Bonn\tof {k}\n{WORDS}" for k in range(300)]
    path = tmp_path / "train.txt"
    path.write_text("\n".join(sentences))
    loaded = load_tagged(path)
    assert loaded.form.startswith("columns with blanks between: word in column 1, tag in column 4; ")
    assert find_scheme(tag for sentence in loaded.sentences for tag in sentence.tags) == "BIO"
    assert find_kind(path) == "conllu"


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a\tO\nb O\nc\tO\n", "a.bio, line 2 has 1 columns, expected 2 with tabs between"),
        ("a O\nb\nc O\nd O\n", "a.bio, line 2 has 1 columns, expected 2 with blanks between"),
        ("a\tO\nb\t\nc\tO\n", "a.bio, line 2 has no tag for 'b'"),
        ("a\tO\n\tO\nc\tO\n", "a.bio, line 2 has no word for the tag 'O'"),
        ("a\nb\n", "a.bio: most lines have 1 column, expected a word and its tag"),
        ("\n\n", "a.bio has no sentence"),
    ],
)
def test_columns_of_another_form_are_refused(tmp_path: Path, text: str, words: str) -> None:
    path = tmp_path / "a.bio"
    path.write_text(text)
    with pytest.raises(DataError, match=words):
        load_tagged(path)


@pytest.mark.parametrize("column", [0, 1, 5, "ner"])
def test_columns_without_a_tag_are_refused(tmp_path: Path, column: str) -> None:
    path = tmp_path / "a.bio"
    path.write_text(CONLL_2003)
    if column == 0:
        assert load_tagged(path, column).sentences == parse_columns(CONLL_2003)
        return
    with pytest.raises(ValueError, match=r"there is no tag in column .*; give a number from 1 to 4, not 1"):
        load_tagged(path, column)


@pytest.mark.parametrize(
    ("tags", "scheme"),
    [
        ("O B-a I-a", "BIO"),
        ("O I-a I-b", "IO"),
        ("O B-a I-a E-a S-a", "BIOES"),
        ("O B-a U-a L-a", "BIOES"),
        ("NOUN VERB", ""),
        ("O B-a NN", ""),
        ("O", ""),
        ("B-a I-a", "BIO"),  # every word is in an entity, as in the words of Chinese
        ("O B-a M-a E-a S-a", "BMES"),
        ("B M E S", "BMES"),
        ("O B I", "BIO"),
        ("O S", ""),
        ("O B I NOUN", ""),
    ],
)
def test_marks_of_entities_are_recognised(tags: str, scheme: str) -> None:
    assert find_scheme(tags.split()) == scheme


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a B-x\nb O\n\nc PER\n", "line 4: the tag 'PER' marks no entity, and 'B-x' in line 1 does; mend the tag"),
        ("a b-x\nb o\n", "line 1: the tag 'b-x' looks like the mark of an entity; write such tags as B-TYPE"),
        ("a B_x\nb O\n", "line 1: the tag 'B_x' looks like the mark of an entity"),
        ("a x-B\nb O\n", "line 1: the tag 'x-B' looks like the mark of an entity"),
    ],
)
def test_odd_marks_of_entities_are_refused(text: str, words: str) -> None:
    with pytest.raises(DataError, match=f"^{words}.*; say scheme=none to take the tags as they are$"):
        refuse_odd_tags(parse_columns(text))


def test_tags_that_mark_nothing_pass() -> None:
    for tags in ("NN VB O", "O", "O yes no", "O B-x I-x"):
        refuse_odd_tags(parse_columns("\n".join(f"w {tag}" for tag in tags.split())))


@pytest.mark.parametrize("between", [" ", "\t"])
@pytest.mark.parametrize("word", ["10\u00a0000", "\u3000", "a\u2009b", "\u00a0x"])
def test_blanks_that_are_not_in_ascii_belong_to_words(word: str, between: str) -> None:
    (sentence,) = parse_columns(f"{word}{between}B-x\nb{between}O\n")
    assert (sentence.words, sentence.tags) == ([word, "b"], ["B-x", "O"])


def test_columns_with_another_blank_between_are_refused_by_its_number() -> None:
    with pytest.raises(DataError, match=r"most lines have 1 column, .*; U\+00A0 between is no blank, write a tab"):
        parse_columns("a\u00a0B-x\nb\u00a0O\n")
