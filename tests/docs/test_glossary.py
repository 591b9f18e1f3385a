"""The glossary has one word for each concept, and the pages use its words."""

import re
from pathlib import Path

import pytest

from tests.docs.languages import pairs
from tests.docs.pages import FENCE, KOREAN, PAGES, ROOT
from tests.wording import DIALECT

MOST = 60
ROW = re.compile(r"^\| (?!English \||-)(.+?) \| (.+?) \| (.+?) \|$", re.MULTILINE)
TERMS = ROW.findall((ROOT / "docs" / "glossary.md").read_text())
NOT_SAID = {
    "주인": "소유자",
    "낯선": "권한 없는 사용자",
    "비밀번호 재확인": "재인증",
    "감사 기록": "감사 로그",
    "테이블의 역사": "마이그레이션 이력",
    "흘려": "스트리밍",
    " 답합니다": " 응답합니다",
    "모듈 쓰기": "모듈 작성하기",
    "스케줄": "주기 작업",
    "주소 확인": "이메일 인증",
}
"""Words that mislead or have a synonym in the glossary, with their replacement."""
GUIDES = [page for page in PAGES if page.name != "CHANGELOG.md" and not page.name.endswith(KOREAN)]


def test_there_are_few_terms_and_each_has_one_sentence() -> None:
    assert 40 <= len(TERMS) <= MOST
    meanings = [re.sub(r"`[^`]+`", "`…`", meaning) for _, _, meaning in TERMS]
    assert [each for each in meanings if not re.fullmatch(r"[A-Z][^.]*\.", each)] == []


@pytest.mark.parametrize("language", [0, 1], ids=["English", "Korean"])
def test_each_concept_has_a_word_of_its_own(language: int) -> None:
    words = [each[language].casefold() for each in TERMS]
    assert sorted(set(words)) == sorted(words)


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_english_guides_have_no_words_for_several_concepts(page: Path) -> None:
    prose = re.sub(r"`[^`]*`", "", FENCE.sub("", page.read_text()))
    assert [each[0] for each in DIALECT.finditer(" ".join(prose.split()))] == []


@pytest.mark.parametrize("page", [korean for _, korean in pairs()], ids=lambda page: page.name)
def test_korean_pages_use_the_words_of_the_glossary(page: Path) -> None:
    text = page.read_text()
    assert {word: better for word, better in NOT_SAID.items() if word in text} == {}
