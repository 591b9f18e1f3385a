"""Settings that are read from values in a test."""

import pytest

from config.settings import Settings, SettingsError

KEY = "q8Zt3vLm5nXw7Rk2Jd9Hs4Gf6Pb1Yc0T-uE_oA"


def read(**environ: str) -> Settings:
    return Settings.read(environ)


def refusal(**environ: str) -> str:
    with pytest.raises(SettingsError) as refused:
        read(**environ)
    return str(refused.value)
