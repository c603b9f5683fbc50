"""Write plain sentences of Debian's translated manual pages, a file per language, for training that tells languages.

It takes packages of Debian 12 from a folder; apt-get fetches those that are not there, where it knows that release.
Nothing is installed.
"""

from __future__ import annotations

import argparse
import gzip
import hashlib
import io
import subprocess
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

import zoo
from zoo.data.manual_pages import LANGUAGES, SOURCE
from zoo.data.plain_sentences import keep_own, split_sentences
from zoo.data.roff import read_prose
from zoo.data.source import DataError, hash_files

# Package, version, SHA-256 of its file. Licences, as the packages' copyright files say: manpages-tr has the GPL,
# manpages-zh GFDL-1.2+, English and Japanese pages the free licence of each page, and all others GPL-3+.
PACKAGES = (
    ("manpages", "6.03-2", "efa1ba4cd19ad7baeae959c9209a7eb74be2ebb858bcabb412597bfc9f588c91"),
    ("manpages-cs", "4.18.1-1", "2c3c32887089fe16b173073cbd72fd5f000911f1b9b8f384f3f46e01fce39791"),
    ("manpages-cs-dev", "4.18.1-1", "ad1e0640a4591b5c88bc115d4fe438c800d18e2d481324aefd658bea57bdd273"),
    ("manpages-da", "4.18.1-1", "977b0dee2ab0d0315cc8f0864dd1c89473ece240033e1651a1c23a62e66afff4"),
    ("manpages-da-dev", "4.18.1-1", "a91bded03a37d0761cbca1dde37bbb289092b085af975f256d8d21d16e3da410"),
    ("manpages-de", "4.18.1-1", "37d2e7ee51f22952aecec3af93647ff59194a3c74bb7a694560f49c7f7ab3978"),
    ("manpages-de-dev", "4.18.1-1", "cb3d7c10977dd3c811065d89e0d912196ec5e6f2551308edb0ba72e02da838d7"),
    ("manpages-dev", "6.03-2", "96f55cb5e26231d5567c89b692bced63825a14a2d5bd18fdf16ea2ed44eb9838"),
    ("manpages-es", "4.18.1-1", "d21e9f85e487f149ae45b5c525b2b1a70ae7fd38d4b05b47c8753042c66f4c2b"),
    ("manpages-es-dev", "4.18.1-1", "1c2e676050bc87ecd5b4fafa00e7365504aaaf5d64645ef9989e907e5612a322"),
    ("manpages-fi", "4.18.1-1", "a0491e7141cd540896388fd3d4f394fa96657838780bf7f213eb5e529b0880dd"),
    ("manpages-fr", "4.18.1-1", "ec29759cc0e4a44dc7719c1e32869d0060667049e584f09556f0d982b969ea33"),
    ("manpages-fr-dev", "4.18.1-1", "25f5a53208d92f0a69a89e349edfb3068e6e6e4e0673fe712dd0d3b0c5b1512d"),
    ("manpages-hu", "1:4.18.1-1", "f4f4556a25194958d08fe9c87c946294a1ad4bd2b265bdc71d9ae1883e5ea2cf"),
    ("manpages-id", "4.18.1-1", "b769b5398ecffe6db6e4170973a081bbd905e254ce768b34650ec1d1fb7ae9c2"),
    ("manpages-it", "4.18.1-1", "4b18e87cc1b6a930d40949ddc86fb8e84b50da1a862cd17e2a504eeb8e3b4e48"),
    ("manpages-it-dev", "4.18.1-1", "a14a1aa168ad1be85d5202d1ed69b9c995413420b0a62854e391796fa6692daa"),
    ("manpages-ja", "0.5.0.0.20221215+dfsg-1", "4d270e9a1e83be4de0c072a110892a17dc9caa4b501257324006ac28d82c5743"),
    ("manpages-ja-dev", "0.5.0.0.20221215+dfsg-1", "eab2ad5f14a87b3911c48c90cef92f85d0e77ca5356923f9f9fbc38a86601d1e"),
    ("manpages-nb", "4.18.1-1", "62f43554a179199b9cb95ecdf390f81e2eb779ff3f535c6b944ce0a647f15bb3"),
    ("manpages-nl", "4.18.1-1", "c1ac0e9fb2ff88a8d7f796042ce7d876fa8918e5d3367521c7f09dd885eb3b2d"),
    ("manpages-nl-dev", "4.18.1-1", "15a736e26346d76e2f63e562ebf860769e4996fd1715986042883df970108899"),
    ("manpages-pl", "1:4.18.1-1", "31e518ea8331b5204d4fd0032037f96af1ba94a5afa4f0585dca1996b270cdf9"),
    ("manpages-pl-dev", "1:4.18.1-1", "5a365751f2d6ee2a67d03a26e44a380d59790c42bd1ca9aeb0c35264f62e80c7"),
    ("manpages-pt-br", "4.18.1-1", "da971a7bc0107f7b74b4ae592d1d7cc6424fa7e77cc1808f5c110a07edaf3890"),
    ("manpages-pt-br-dev", "4.18.1-1", "b29bb07536eb0a754e75055a0ae9888e0d2a1ab76798826bcefc5c4db6f6917c"),
    ("manpages-ro", "4.18.1-1", "1d1d32dbc090850c1e796fd51156ae3852e1cc46a22d712493800182817f6024"),
    ("manpages-ru", "4.18.1-1", "5d5821dad5840652ba9c1c6b85bdc785c1fc52148a71c18fab6658c9659244c0"),
    ("manpages-ru-dev", "4.18.1-1", "7182289b9a0af78422e48412f149907b6d84d16c78544db97e48b6ab2562bb55"),
    ("manpages-sr", "4.18.1-1", "ea78e33605970a23b9d77a48249fb2d2e94372b0ff3e9b360c8e4f02d3d3dda0"),
    ("manpages-sv", "4.18.1-1", "12b386ce4e11fadf3c05b55a813c81df129d244606ba3383da586d39a4a8cca4"),
    ("manpages-tr", "2.0.6-2", "babf3ded00dd7c30db8fb333c1ff482fd5a52483d2bffec7557e3f78ed77eef1"),
    ("manpages-uk", "4.18.1-1", "7ad64b12010584a6cc10a341ba561a6774e8493166524f386bcd9fd7cbebdd5b"),
    ("manpages-uk-dev", "4.18.1-1", "70b304069853174d7f3cd92babac1b9cf68223d39f36356022e15f50410229de"),
    ("manpages-vi", "4.18.1-1", "c3fb89f768663013c87babcad3fdd525588edb2c9a91a9d1c74dc33c1a6ee73b"),
    ("manpages-zh", "1.6.4.0-1", "81bae29495f6445db290e3f329f1203eb19b651c2a7ea165b74ebdc853a32ac1"),
)
# Most languages have more text than a small model can learn from.
MOST_CHARACTERS = 300_000
MANUALS = PurePosixPath("./usr/share/man")


def make_parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="fetch_manual_pages.py", description=__doc__)
    parser.add_argument("output", type=Path, metavar="FOLDER", help="such as $ZOO_DATA/" + SOURCE.folder)
    parser.add_argument(
        "--packages", type=Path, default=Path("packages"), help="where .deb files are (default: packages)"
    )
    return parser


def find_package(name: str, version: str, sha256: str, folder: Path) -> Path:
    """Return the file of a package; apt-get fetches it where it is missing.

    Raises:
        DataError: apt-get does not have this version, or the file is not the published one.
    """
    path = folder / f"{name}_{version.replace(':', '%3a')}_all.deb"
    if not path.is_file():
        folder.mkdir(parents=True, exist_ok=True)
        done = subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise DataError(f"{path} is missing, and apt-get does not fetch it: {done.stderr.strip()}")
    got = hashlib.sha256(path.read_bytes()).hexdigest()
    if got != sha256:
        raise DataError(f"{path} has SHA-256 {got[:16]}..., expected {sha256[:16]}...; delete it and fetch it again")
    return path


def read_pages(package: Path) -> Iterator[tuple[str, str, str]]:
    """Yield language, name and source of each manual page in a package; a link to another page is none."""
    unpacked = subprocess.run(["dpkg-deb", "--fsys-tarfile", package], capture_output=True, check=True).stdout
    with tarfile.open(fileobj=io.BytesIO(unpacked)) as archive:
        for member in archive:
            path = PurePosixPath(member.name)
            content = archive.extractfile(member) if member.isreg() and path.is_relative_to(MANUALS) else None
            if content is not None and path.suffix == ".gz":
                folders = path.relative_to(MANUALS).parts
                language = folders[0].split("_")[0] if len(folders) == 3 else "en"
                yield language, path.stem, gzip.decompress(content.read()).decode()


def collect(packages: list[Path]) -> dict[str, dict[str, list[str]]]:
    """Return the sentences by language and page."""
    sentences: dict[str, dict[str, list[str]]] = {language: {} for language in LANGUAGES}
    for package in packages:
        for language, page, source in read_pages(package):
            sentences[language].setdefault(page, []).extend(split_sentences(read_prose(source), language))
    return keep_own(sentences)


def choose_pages(pages: dict[str, list[str]]) -> list[str]:
    """Return lines of a page's name, a tab and a sentence, of as many pages as it takes for `MOST_CHARACTERS`.

    The order of pages is that of a hash of their names, which no part of the data depends on.
    """
    lines: list[str] = []
    characters = 0
    for page in sorted(pages, key=lambda page: hashlib.sha256(b"order " + page.encode()).digest()):
        if characters < MOST_CHARACTERS:
            lines += [f"{page}\t{sentence}" for sentence in pages[page]]
            characters += sum(map(len, pages[page]))
    return sorted(lines)


def main() -> int:
    args = make_parser().parse_args()
    try:
        packages = [find_package(*package, args.packages) for package in PACKAGES]
        files = []
        for language, pages in sorted(collect(packages).items()):
            lines = choose_pages(pages)
            files.append((f"{language}.txt", "".join(line + "\n" for line in lines).encode()))
            print(f"{LANGUAGES[language]}: {len(lines):,} sentences", flush=True)
        print(f"SHA-256 {hash_files(files)}")
        SOURCE.check(files)
        args.output.mkdir(parents=True, exist_ok=True)
        for name, content in files:
            (args.output / name).write_bytes(content)
    except (zoo.ZooError, OSError, ValueError, subprocess.CalledProcessError) as error:
        print(f"fetch_manual_pages.py: error: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
