"""The fold: one character for each, in any case, and without European accents."""

from sys import maxunicode
from unicodedata import category

import pytest

from core.kernel.folding import fold

ASSIGNED = [it for it in map(chr, range(maxunicode + 1)) if category(it) not in ("Cn", "Co", "Cs")]


def test_each_character_becomes_one_whatever_its_case() -> None:
    assert len(ASSIGNED) >= 144_683
    for character in ASSIGNED:
        folded = fold(character)
        assert len(folded) == 1 and fold(folded) == folded, hex(ord(character))
        for variant in (character.lower(), character.upper(), character.title()):
            assert len(variant) > 1 or fold(variant) == folded, hex(ord(character))


def test_a_text_is_folded_character_by_character() -> None:
    whole = "".join(ASSIGNED)
    assert fold(whole) == "".join(map(fold, ASSIGNED))
    assert fold("ΟΔΟΣ") == fold("οδος") == fold("Οδό") + fold("ς")


@pytest.mark.parametrize(
    ("text", "folded"),
    [
        ("İstanbul", "istanbul"),
        ("Straße", "straße"),
        ("ÄÖÜ àéîõů", "aou aeiou"),
        ("Ἀθῆναι ΆΘΉΝΑ", "αθηναι αθηνα"),
        ("Ёлка Й", "елка и"),
        ("Łódź Øre", "łodz øre"),
        ("한글 ガギ 가나", "한글 ガギ 가나"),
        ("ﬁ ½ Ⅷ", "ﬁ ½ ⅷ"),
    ],
)
def test_european_letters_lose_their_accents_and_no_others(text: str, folded: str) -> None:
    assert fold(text) == folded
