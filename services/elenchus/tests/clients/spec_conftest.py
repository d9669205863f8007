"""What the specification's own tests ask for, given by a running mesh over HTTP."""

import os

import httpx
import pytest
import pytest_asyncio

PASSWORD = "testpassword"


class Account:
    email = "test@example.com"
    full_name = "Test User"


@pytest_asyncio.fixture
async def client():
    async with httpx.AsyncClient(base_url=os.environ["ELENCHUS_URL"]) as client:
        yield client


@pytest_asyncio.fixture
async def test_user(client):
    body = {"email": Account.email, "full_name": Account.full_name, "password": PASSWORD}
    made = await client.post("/api/v1/auth/register", json=body)
    assert made.status_code in (200, 400), made.text
    return Account()


@pytest_asyncio.fixture
async def auth_headers(client, test_user):
    form = {"username": test_user.email, "password": PASSWORD}
    answer = await client.post("/api/v1/auth/login", data=form)
    return {"Authorization": f"Bearer {answer.json()['access_token']}"}


@pytest.fixture
def db_session():
    """The tests reach the mesh over HTTP alone."""
