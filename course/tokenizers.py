"""From text to the tokens of pretrained models and back, in plain Python: WordPiece (BERT) and byte pairs (GPT)."""

from __future__ import annotations

import re
import sys
import unicodedata
from collections.abc import Iterable, Sequence
from functools import cache
from itertools import pairwise

__all__ = ["BytePairs", "WordPiece"]


class WordPiece:
    """BERT's tokeniser for lower-case English: WordPiece(vocabulary).encode("Unbelievable!") gives token numbers.

    vocabulary  the pieces; the place in the list is the token, and "##" marks a piece that goes on within a word
    Source: Y. Wu et al. 2016, "Google's neural machine translation system", section 4.1; J. Devlin et al. 2019, "BERT",
    section 3.
    """

    LONGEST_WORD = 100

    def __init__(self, vocabulary: Sequence[str]) -> None:
        self.vocabulary = list(vocabulary)
        self.tokens = {piece: token for token, piece in enumerate(self.vocabulary)}

    def encode(self, text: str) -> list[int]:
        """The tokens of a text, between [CLS] and [SEP]."""
        return [self.tokens[piece] for piece in ["[CLS]", *self.pieces(text), "[SEP]"]]

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of some tokens: lower case, one space between words."""
        return " ".join(self.vocabulary[token] for token in tokens).replace(" ##", "")

    def pieces(self, text: str) -> list[str]:
        """The pieces of a text: for each word the longest piece that fits, again and again."""
        found = []
        for word in _words(text):
            found += self._pieces_of(word)
        return found

    def _pieces_of(self, word: str) -> list[str]:
        if len(word) > self.LONGEST_WORD:
            return ["[UNK]"]
        found: list[str] = []
        start = 0
        while start < len(word):
            mark = "##" if start else ""
            ends = range(len(word), start, -1)
            end = next((end for end in ends if mark + word[start:end] in self.tokens), None)
            if end is None:
                return ["[UNK]"]
            found.append(mark + word[start:end])
            start = end
        return found


def _words(text: str) -> list[str]:
    """Lower-case words without accents; punctuation and Chinese characters stand alone."""
    cleaned = []
    for letter in text:
        if letter in "\t\n\r" or unicodedata.category(letter) == "Zs":
            cleaned.append(" ")
        elif ord(letter) not in (0, 0xFFFD) and unicodedata.category(letter) not in ("Cc", "Cf", "Co", "Cs"):
            cleaned.append(f" {letter} " if _chinese(letter) else letter)
    apart = unicodedata.normalize("NFD", "".join(cleaned))
    bare = "".join(letter for letter in apart if unicodedata.category(letter) != "Mn").lower()
    return "".join(f" {letter} " if _punctuation(letter) else letter for letter in bare).split()


def _chinese(letter: str) -> bool:
    blocks = ((0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F))
    more = ((0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F))
    return any(low <= ord(letter) <= high for low, high in blocks + more)


def _punctuation(letter: str) -> bool:
    ascii_mark = letter.isascii() and letter.isprintable() and not letter.isalnum() and letter != " "
    return ascii_mark or unicodedata.category(letter).startswith("P")


class BytePairs:
    """GPT-2's tokeniser, which writes any text: BytePairs(vocabulary, merges).encode("Hello") gives token numbers.

    vocabulary  the pieces in the byte alphabet; the place in the list is the token
    merges      "left right", the pair that is joined first in front
    Source: R. Sennrich, B. Haddow and A. Birch 2016, "Neural machine translation of rare words with subword units",
    algorithm 1; on bytes: A. Radford et al. 2019, "Language models are unsupervised multitask learners", section 2.2.
    """

    def __init__(self, vocabulary: Sequence[str], merges: Iterable[str]) -> None:
        self.vocabulary = list(vocabulary)
        self.tokens = {piece: token for token, piece in enumerate(self.vocabulary)}
        self.ranks = {tuple(pair.split(" ")): rank for rank, pair in enumerate(merges)}

    def encode(self, text: str) -> list[int]:
        """The tokens of a text."""
        alphabet = _byte_alphabet()
        found = []
        for word in _word_pattern().findall(text):
            letters = [alphabet[byte] for byte in word.encode("utf-8")]
            found += [self.tokens[piece] for piece in self._merged(letters)]
        return found

    def decode(self, tokens: Iterable[int]) -> str:
        """The text of some tokens; bytes that are no text become the replacement character."""
        bytes_of = {letter: byte for byte, letter in enumerate(_byte_alphabet())}
        letters = "".join(self.vocabulary[token] for token in tokens)
        return bytes(bytes_of[letter] for letter in letters).decode("utf-8", "replace")

    def _merged(self, pieces: list[str]) -> list[str]:
        """Join the pair of the lowest rank everywhere, until no pair has a rank."""
        while len(pieces) > 1:
            pair = min(pairwise(pieces), key=lambda one: self.ranks.get(one, len(self.ranks)))
            if pair not in self.ranks:
                break
            joined, place = [], 0
            while place < len(pieces):
                together = tuple(pieces[place : place + 2]) == pair
                joined.append("".join(pair) if together else pieces[place])
                place += 2 if together else 1
            pieces = joined
        return pieces


@cache
def _word_pattern() -> re.Pattern[str]:
    """One number sign; or a clipped ending; or letters, or other signs, each with the space before it; or white space.

    The last white space before a word is left for the word, unless that word is a number.
    """
    signs = (chr(code) for code in range(sys.maxunicode + 1))
    n = "".join(re.escape(sign) for sign in signs if unicodedata.category(sign).startswith("N"))
    return re.compile(rf"[{n}]|'s|'t|'re|'ve|'m|'ll|'d| ?(?:(?![{n}_])\w)+| ?(?:[^\s\w]|_)+|\s+(?![^\s{n}])|\s+")


@cache
def _byte_alphabet() -> list[str]:
    """A printable letter for each of the 256 bytes: its own where it has one, another one where it has none."""
    printable = {*range(ord("!"), ord("~") + 1), *range(ord("¡"), ord("¬") + 1), *range(ord("®"), ord("ÿ") + 1)}
    others = iter(range(256, 512))
    return [chr(byte) if byte in printable else chr(next(others)) for byte in range(256)]
