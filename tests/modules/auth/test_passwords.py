"""The rules for passwords, and their storage."""

import asyncio
import os
import sys
import threading
import tracemalloc
from time import monotonic

import pytest
from argon2 import PasswordHasher

from core.kit import InvalidInput
from core.kit.platform import HashingBusy, reserved
from modules.auth.passwords.hashing import MAX_QUEUE, MEMORY_KIB, PasswordHashing
from modules.auth.passwords.korean import WORDS, spellings, typed
from modules.auth.passwords.rules import common_passwords, is_common, refuse_weak
from modules.auth.service.passwords import HASH_OF

REAL_MEMORY_KIB = MEMORY_KIB  # the production cost, before the tests reduce it
SOME = "correct horse battery staple"


@pytest.fixture
def passwords() -> PasswordHashing:
    return PasswordHashing()


def test_a_lookup_of_a_hash_does_not_wait_for_slow_statements() -> None:
    same = reserved(HASH_OF)
    assert HASH_OF.get_execution_options() == same.get_execution_options()


def check(password: str, *context: str, shortest: int = 8) -> None:
    refuse_weak(password, "body.password", shortest, context)


def refusal(password: str, *context: str, shortest: int = 8) -> str:
    with pytest.raises(InvalidInput) as refused:
        check(password, *context, shortest=shortest)
    [error] = refused.value.errors
    assert error.location == "body.password"
    return error.code


class TestStrength:
    @pytest.mark.parametrize("password", ["1234567", "é" * 7, "😀" * 7, "e\u0301" * 7])
    def test_seven_characters_are_too_few_however_they_are_encoded(self, password: str) -> None:
        assert refusal(password) == "string_too_short"

    def test_more_than_256_are_too_many(self) -> None:
        assert refusal("xy" * 128 + "z") == "string_too_long"

    @pytest.mark.parametrize(
        "password", ["😀" * 8, "ab" * 128, "a" * 64, "thequickbrownfoxjumps", " " * 12]
    )
    def test_there_are_no_rules_of_composition(self, password: str) -> None:
        check(password, "ada@example.com", "Ada Lovelace")

    @pytest.mark.parametrize("password", ["password", "PassWord123", "12345678", "iloveyou1"])
    def test_common_ones_are_refused_in_any_case(self, password: str) -> None:
        assert refusal(password) == "common_password"

    @pytest.mark.parametrize(
        "password",
        [
            *(
                "dkssudgktpdy",
                "tkfkdgody",
                "qlalfqjsgh",
                "DKSSUDGKTPDY",
                "tkfkdgo1234",
                "qlqjs1234",
            ),
            *(
                "TlqkfshaDk",
                "rkskekfk",
                "eogksalsrnr",
                "tkfkdgkqslek",
                "안녕하세요1234",
                "비밀번호12345",
            ),
            *("나는너를사랑해1", "dkssud123!", "가나다라마바사아"),
            *("안녕하세요안녕하세요", "비밀번호비밀번호", "dkssudgktpdydkssudgktpdy"),
        ],
    )
    def test_korean_words_are_common_however_they_are_typed(self, password: str) -> None:
        assert refusal(password) == "common_password"

    def test_hundreds_of_korean_words_are_known(self) -> None:
        assert len(set(WORDS)) >= 400
        for word in WORDS:
            spelt = (f"{word}12345", f"{typed(word)}12345".casefold())
            assert all(len(each) < 8 or is_common(each) for each in spelt)

    @pytest.mark.parametrize(
        ("name", "password"),
        [
            ("민수", "민수민수1234"),
            ("민수", "alstn1234!"),
            ("김민수", "민수민수민수민수1"),
            ("김민수", "rlaalstn12"),
            ("김 민수", "ALSTN0505"),
            ("남궁 민수", "skarnd!alstn"),
        ],
    )
    def test_a_hangul_name_of_two_syllables_is_known(self, name: str, password: str) -> None:
        assert refusal(password, "a@example.com", name) == "guessable"
        check(password, "a@example.com", "Ada Lovelace")

    def test_hangul_is_typed_with_these_keys(self) -> None:
        for word, keys in {
            "안녕하세요": "dkssudgktpdy",
            "닭값": "ekfrrkqt",
            "꽃의왜": "Rhcdmldho",
            "뺐쟤쮀": "QoTwOWnp",
            "a가1": "ark1",
        }.items():
            assert typed(word) == keys

    @pytest.mark.parametrize(
        "password",
        [
            "atriumatrium",
            "Atrium2026!",
            "ada.lovelace",
            "ADALOVELACE",
            "lovelace42",
            "Ada.Lovelace@example.com",
        ],
    )
    def test_what_is_known_of_the_user_is_refused(self, password: str) -> None:
        context = ("ada.lovelace@example.com", "Ada Lovelace")
        assert refusal(password, *context) == "guessable"

    def test_a_part_of_a_long_one_may_be_known(self) -> None:
        check("lovelace rides a purple bicycle", "Ada Lovelace")

    def test_the_shortest_length_is_a_setting(self) -> None:
        assert refusal("fourteen chars", shortest=15) == "string_too_short"

    def test_the_list_has_the_3000_most_common_and_more(self) -> None:
        lines = common_passwords().decode().split("\n")[1:-1]
        assert len(lines) >= 3000
        assert all(len(each) >= 8 and each == each.strip() for each in lines)
        assert all(map(is_common, [*lines[:10], *lines[-10:]]))

    def test_a_part_of_the_list_is_not_common(self) -> None:
        first, second, *_ = common_passwords().decode().split("\n")[1:]
        for password in (f"{first}{second}", f"{first[1:]}?", f"?{first}", "안녕하세요비밀번호"):
            check(password)

    def test_the_list_takes_no_more_memory_than_its_text(self) -> None:
        """Each process has the list in its memory."""
        for kept in (common_passwords, spellings):
            kept.cache_clear()
        tracemalloc.start()
        try:
            is_common("")
            kept_bytes, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
        assert kept_bytes < 3 * len(common_passwords())


class TestHashing:
    async def test_it_costs_what_owasp_asks_for(self) -> None:
        stored = await PasswordHashing(memory_kib=REAL_MEMORY_KIB).hash(SOME)
        assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")

    async def test_two_hashes_of_one_password_differ(self, passwords: PasswordHashing) -> None:
        assert await passwords.hash(SOME) != await passwords.hash(SOME)

    async def test_only_the_same_password_is_right(self, passwords: PasswordHashing) -> None:
        stored = await passwords.hash(SOME)
        assert await passwords.verify(stored, SOME)
        for wrong in (SOME.upper(), SOME + " ", SOME[:-1], ""):
            assert not await passwords.verify(stored, wrong)

    async def test_the_end_of_a_long_one_counts(self, passwords: PasswordHashing) -> None:
        stored = await passwords.hash("x" * 255 + "y")
        assert not await passwords.verify(stored, "x" * 255 + "z")

    async def test_composed_and_decomposed_are_the_same(self, passwords: PasswordHashing) -> None:
        stored = await passwords.hash("cafe\u0301 au lait")
        assert await passwords.verify(stored, "caf\u00e9 au lait")

    async def test_nobody_has_no_password(self, passwords: PasswordHashing) -> None:
        for given in ("", SOME):
            assert not await passwords.verify(None, given)

    @pytest.mark.parametrize("stored", ["", "plain text", "$argon2id$v=19$m=64,t=2,p=1$x$y"])
    async def test_what_is_no_hash_matches_nothing(
        self, passwords: PasswordHashing, stored: str
    ) -> None:
        assert not await passwords.verify(stored, stored)

    async def test_other_parameters_ask_for_a_new_hash(self, passwords: PasswordHashing) -> None:
        stored = await passwords.hash(SOME)
        assert not passwords.needs_rehash(stored)
        assert PasswordHashing(memory_kib=128).needs_rehash(stored)


class TestPool:
    async def test_it_works_beside_the_event_loop_at_low_priority(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        passwords = PasswordHashing(threads=1)
        here = threading.get_ident(), os.getpriority(os.PRIO_PROCESS, 0)
        seen: list[tuple[int, int]] = []

        def look(*_: object) -> str:
            seen.append((threading.get_ident(), os.getpriority(os.PRIO_PROCESS, 0)))
            return "hash"

        monkeypatch.setattr(PasswordHasher, "hash", look)
        await passwords.hash(SOME)
        [(thread, priority)] = seen
        assert thread != here[0]
        assert priority >= (10 if sys.platform == "linux" else here[1])

    async def test_more_than_the_queue_holds_are_told_to_come_back(self) -> None:
        passwords = PasswordHashing(threads=2)
        answers = await asyncio.gather(
            *(passwords.hash(SOME) for _ in range(200)), return_exceptions=True
        )
        busy = [each for each in answers if isinstance(each, HashingBusy)]
        assert len(busy) == 200 - 2 - MAX_QUEUE
        assert all(each.headers["retry-after"] for each in busy)
        assert len([each for each in answers if isinstance(each, str)]) == 2 + MAX_QUEUE

    async def test_afterwards_there_is_room_again(self) -> None:
        passwords = PasswordHashing(threads=1)
        await asyncio.gather(*(passwords.hash(SOME) for _ in range(80)), return_exceptions=True)
        assert await passwords.verify(await passwords.hash(SOME), SOME)

    async def test_the_loop_goes_on_meanwhile(self) -> None:
        passwords = PasswordHashing(memory_kib=REAL_MEMORY_KIB, threads=1)
        work = asyncio.create_task(passwords.hash(SOME))
        turns, started = 0, monotonic()
        while not work.done() and monotonic() - started < 30:
            await asyncio.sleep(0)
            turns += 1
        assert turns > 10
