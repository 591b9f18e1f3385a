import pytest

from core.security.secrets import SecretKeys, Unreadable

KEYS = SecretKeys("a" * 32)


def test_each_purpose_has_a_key_of_its_own() -> None:
    assert KEYS.derive("one") != KEYS.derive("other")
    assert KEYS.derive("one") == SecretKeys("a" * 32).derive("one")


def test_what_is_sealed_is_read_for_its_purpose_only() -> None:
    sealed = KEYS.seal("one", b"hello")
    assert b"hello" not in sealed and KEYS.unseal("one", sealed) == b"hello"
    for purpose, data in (("other", sealed), ("one", sealed[:-1] + b"x"), ("one", b"")):
        with pytest.raises(Unreadable):
            KEYS.unseal(purpose, data)


def test_what_was_made_with_a_previous_key_is_still_read() -> None:
    turned = SecretKeys("b" * 32, ["a" * 32])
    assert turned.derive_all("one") == [turned.derive("one"), KEYS.derive("one")]
    assert turned.unseal("one", KEYS.seal("one", b"hello")) == b"hello"
    assert turned.verify("one", b"data", KEYS.sign("one", b"data"))
    assert not KEYS.verify("one", b"data", turned.sign("one", b"data"))


def test_a_signature_may_be_cut_but_not_to_nothing() -> None:
    signature = KEYS.sign("one", b"data")
    assert KEYS.verify("one", b"data", signature[:16])
    for wrong in (b"", signature[:15], signature[1:17], signature + b"x"):
        assert not KEYS.verify("one", b"data", wrong)
