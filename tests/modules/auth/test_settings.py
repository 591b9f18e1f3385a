import pytest

from config.settings import SettingsError
from modules.auth.settings import AuthSettings


@pytest.mark.parametrize("value", ["7", "65", "long"])
def test_a_wrong_value_is_one_sentence_that_names_the_setting(value: str) -> None:
    with pytest.raises(SettingsError) as refused:
        AuthSettings.read({"AUTH_PASSWORD_MIN_LENGTH": value})
    allowed = "a whole number of at least 8 and of at most 64"
    assert str(refused.value) == f"AUTH_PASSWORD_MIN_LENGTH must be {allowed}."
