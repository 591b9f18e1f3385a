"""Field errors of a module's own types: their parameters are JSON, their texts are their own."""

from collections.abc import AsyncIterator
from datetime import date
from decimal import Decimal
from typing import Annotated, Any

import pytest
from httpx import AsyncClient
from litestar import Controller
from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

from config.log_writer import LogWriter
from config.settings import Settings
from core.app import create_app
from core.kit import Schema, post
from core.security.policies import public
from core.testing import client_of
from core.wiring.module import Module

FIRST_DAY = date(2026, 1, 1)
NO_BRANCH = "This is no e-mail address of a branch."


def check_day(day: date) -> date:
    if day < FIRST_DAY:
        raise PydanticCustomError("too_early", "We open later.", {"first": FIRST_DAY})
    return day


def check_branch(email: str) -> str:
    raise PydanticCustomError("email", NO_BRANCH)


class Order(Schema):
    price: Annotated[Decimal, Field(ge=Decimal("0.01"), le=Decimal("1E+3"))] = Decimal(1)
    day: Annotated[date, AfterValidator(check_day)] = FIRST_DAY
    email: Annotated[str, AfterValidator(check_branch)] = ""


class OrderController(Controller):
    @post("/", summary="Order", policy=public, audit=None)
    async def place_order(self, data: Order) -> None: ...


class Shop(Module):
    controllers = (OrderController,)


@pytest.fixture
def backend() -> str:
    """The database does not matter here."""
    return "sqlite"


@pytest.fixture
async def shop(settings: Settings, log_lines: LogWriter) -> AsyncIterator[AsyncClient]:
    app = create_app(settings, {"shop": Shop}, log_lines)
    async with app.lifespan(), client_of(app) as client:
        yield client


@pytest.mark.parametrize(
    ("body", "message", "parameters"),
    [
        ({"price": 0}, "The value must be at least 0.01.", {"min": 0.01}),
        ({"price": 1001}, "The value must be at most 1000.", {"max": 1000}),
        ({"day": "2025-12-31"}, "We open later.", {"first": "2026-01-01"}),
    ],
)
async def test_the_parameters_of_any_type_are_json(
    shop: AsyncClient, body: dict[str, Any], message: str, parameters: dict[str, Any]
) -> None:
    answer = await shop.post("/api/v1/shop", json=body)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert (error["message"], error["parameters"]) == (message, parameters)
    assert repr(error["parameters"]) == repr(parameters)  # 1000, not 1000.0


@pytest.mark.needs("users")
async def test_another_module_does_not_translate_a_code(shop: AsyncClient) -> None:
    """The module `users` has a Korean text for each message about its code `email`."""
    answer = await shop.post("/api/v1/shop", json={"email": "x"}, headers={"accept-language": "ko"})
    assert answer.headers["content-language"] == "ko"
    assert answer.json()["errors"] == [
        {"location": "body.email", "message": NO_BRANCH, "code": "email"}
    ]


async def test_a_text_that_pydantic_has_filled_is_translated(client: AsyncClient) -> None:
    body = {"name": "a" + "\u0323" * 31, "email": "a@b.example", "password": "not so short 1"}
    korean = {"accept-language": "ko"}
    answer = await client.post("/api/v1/auth/register", json=body, headers=korean)
    assert answer.status_code == 400
    [error] = answer.json()["errors"]
    assert error["message"] == "결합 문자는 연속으로 30개까지 쓸 수 있습니다."
