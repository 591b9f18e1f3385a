from httpx import AsyncClient


async def test_anyone_is_greeted(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/hello/Ada")
    assert (answer.status_code, answer.json()) == (200, {"message": "Hello, Ada!"})


async def test_a_name_that_is_not_plain_text_is_refused(client: AsyncClient) -> None:
    answer = await client.get("/api/v1/hello/a%E2%80%AEb")
    assert (answer.status_code, answer.json()["errors"][0]["location"]) == (400, "path.name")
