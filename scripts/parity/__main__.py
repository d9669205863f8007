"""Asks our gateway and Envoy the same, on every unary route, and compares their JSON.

Envoy cannot answer with one field of a message; there the field's value is compared.

Values that differ from call to call (ids, times, tokens) are masked; names, types and everything
else must be equal, but for the order of an object's members. A unary route without a sample here is a failure.
"""

import base64
import hmac
import json
import os
import pathlib
import re
import struct
import subprocess
import sys
import tempfile
import time

import httpx

from peers import descriptors, envoy, program
from peers.program import ROOT, free_port

PROGRAM = ROOT / "target/debug/elenchus"
PASSWORD = "correct horse battery"
MASKS = [
    (re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}"), "<id>"),
    (re.compile(r'"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{3}|\.\d{6}|\.\d{9})?Z"'), '"<time>"'),
    (re.compile(r'"(token|prefix|access_token|refresh_token|challenge_token|ticket|secret|otpauth_uri)":"[^"]+"'), r'"\1":"<token>"'),
    (re.compile(r'"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}"'), '"<recovery code>"'),
    (re.compile(r'"(avg_response_time|avg_duration|avg_duration_seconds|duration_seconds|response_time)":[0-9.e-]+'),
     r'"\1":"<seconds>"'),
    # Envoy names requests that have no name in its own way.
    (re.compile(r'"request_id":"[^"]+"'), '"request_id":"<id>"'),
    (re.compile(r"(ours|envoy)-\d"), "<side>"),
]


def start_mesh(folder: pathlib.Path, addresses: dict[str, str]) -> tuple[list[subprocess.Popen], str]:
    listen = {f"{service.upper()}_SERVICE_LISTEN": address for service, address in addresses.items()}
    mesh = program.start([PROGRAM, "serve"], folder, {**listen, "LOGIN_ATTEMPTS_PER_MINUTE": "1000"})
    return [mesh], program.base_url(mesh, folder)


def totp(secret: str, steps: int) -> str:
    """The code of RFC 6238 so many steps from now. Each step is used once."""
    counter = struct.pack(">Q", int(time.time()) // 30 + steps)
    digest = hmac.digest(base64.b32decode(secret), counter, "sha1")
    offset = digest[-1] & 15
    return f"{(struct.unpack('>I', digest[offset:offset + 4])[0] & 0x7FFFFFFF) % 10**6:06}"


class Side:
    """One of the two gateways, with an account of its own."""

    def __init__(self, name: str, base: str, uploads: str, fields: dict[str, str], data: pathlib.Path):
        self.name, self.uploads, self.fields, self.data = name, uploads, fields, data
        self.http = httpx.Client(base_url=base, timeout=60)

    def ask(self, method: str, path: str, body=None) -> str:
        answer = self.http.request(method, path, json=body)
        if answer.status_code >= 300:
            raise RuntimeError(f"{self.name}: {method} {path}: {answer.status_code} {answer.text}")
        return answer.text

    def json(self, method: str, path: str, body=None):
        answer = self.http.request(method, path, json=body)
        answer.raise_for_status()
        value = answer.json()
        # Envoy answers with the whole message where we answer with one field of it.
        if self.fields and len(value) == 1 and set(value) <= set(self.fields.values()):
            return next(iter(value.values()))
        return value

    def log_in(self, email: str, password: str = PASSWORD):
        session = self.json("POST", "/api/v1/auth/login", {"username": email, "password": password})
        self.http.headers["authorization"] = f"Bearer {session['access_token']}"

    def mailed(self, page: str) -> str:
        """What the newest mailed link to a page carries."""
        for _ in range(3000):
            for mail in sorted((self.data / "mails").glob("*.eml"), reverse=True):
                text = mail.read_text().replace("=\r\n", "").replace("=\n", "").replace("=3D", "=")
                link = re.search(page + r"#token=([\w-]+)", text)
                if link and f"To: {self.name}-1@example.com" in text:
                    return link.group(1)
            time.sleep(0.1)
        raise RuntimeError(f"no mail with a link to {page} arrives")

    def upload(self) -> str:
        example = ROOT / "examples/ferpa-subpart-d.txt"
        return self.processed(example.name, example.read_bytes(), "completed")

    def processed(self, name: str, content: bytes, status: str) -> str:
        """Multipart is the edge's own: Envoy's user uploads through our gateway too."""
        headers = {"authorization": self.http.headers["authorization"]}
        answer = httpx.post(f"{self.uploads}/api/v1/documents", headers=headers,
                            files={"file": (name, content)}, timeout=60)
        answer.raise_for_status()
        document = answer.json()["id"]
        for _ in range(3000):
            if self.json("GET", f"/api/v1/documents/{document}")["processing_status"] == status:
                return document
            time.sleep(0.1)
        raise RuntimeError("the document is never processed")


def samples(side: Side):
    """Every unary route once, in an order that works: (route, JSON)."""
    def ask(method, route, body=None, **path):
        return f"{method} {route}", side.ask(method, route.split("?")[0].format(**path) + query(route), body)

    def query(route):
        return "?" + route.split("?")[1] if "?" in route else ""

    account = {"email": f"{side.name}-1@example.com", "password": PASSWORD, "full_name": "Ada ü \u2028 \"q\" <b>",
               "organization": "Analytical & Co", "role": "counsel"}
    yield ask("POST", "/api/v1/auth/register", account)
    login = {"username": account["email"], "password": PASSWORD}
    yield ask("POST", "/api/v1/auth/login", login)
    session = side.json("POST", "/api/v1/auth/login", login)
    side.http.headers["authorization"] = f"Bearer {session['access_token']}"
    yield ask("POST", "/api/v1/auth/refresh", {"refresh_token": session["refresh_token"]})
    yield ask("GET", "/api/v1/auth/me")
    yield ask("POST", "/api/v1/chat/ws-ticket", {})
    ticket = side.json("POST", "/api/v1/chat/ws-ticket", {})["ticket"]
    yield ask("POST", "/api/v1/auth/tickets/redeem", {"ticket": ticket})
    yield ask("GET", "/api/v1/users/me")
    yield ask("PATCH", "/api/v1/users/me", {"full_name": "Ada", "role": ""})
    yield ask("POST", "/api/v1/auth/email/verification", {})
    yield ask("POST", "/api/v1/auth/email/verify", {"token": side.mailed("verify-email")})
    change = {"current_password": PASSWORD, "new_password": PASSWORD + " staple"}
    yield ask("POST", "/api/v1/auth/password/change", change)
    yield ask("GET", "/api/v1/auth/sessions")
    other = side.json("POST", "/api/v1/auth/login", login | {"password": PASSWORD + " staple"})
    yield ask("DELETE", "/api/v1/auth/sessions/{session_id}", session_id=sid(other["access_token"]))
    yield ask("DELETE", "/api/v1/auth/sessions?include_current=false")
    yield from second_factor(side, ask, login | {"password": PASSWORD + " staple"})
    yield ask("POST", "/api/v1/auth/password/forgot", {"email": account["email"]})
    yield ask("POST", "/api/v1/auth/password/reset", {"token": side.mailed("reset-password"), "new_password": PASSWORD})
    side.log_in(account["email"])
    yield ask("GET", "/api/v1/users/me/audit?limit=3")
    yield ask("PUT", "/api/v1/users/me/preferences", {"theme": "dark", "l": [1, None, {"x": 1.5}]})
    yield ask("GET", "/api/v1/users/me/preferences")
    token = {"name": "CI", "scopes": ["documents.read"], "expires_in_days": 30}
    yield ask("POST", "/api/v1/auth/tokens", token)
    yield ask("GET", "/api/v1/auth/tokens")
    revoked = side.json("POST", "/api/v1/auth/tokens", token)
    yield ask("DELETE", "/api/v1/auth/tokens/{token_id}", token_id=revoked.get("api_token", revoked)["id"])

    for prefix in ("/api/v1/chat/conversations", "/api/v1/conversations"):
        body = {"title": "Lease é", "metadata": {"n": 1, "f": 1.5, "z": None, "b": True, "l": [1, "x", {}], "o": {"k": ""}}}
        yield ask("POST", prefix, body)
        conversation = side.json("POST", prefix, {"title": "Other"})["id"]
        yield ask("GET", f"{prefix}?limit=1&include_archived=true")
        one = prefix + "/{conversation_id}"
        yield ask("GET", one, conversation_id=conversation)
        yield ask("PATCH", one, {"title": "Renamed", "is_archived": True}, conversation_id=conversation)
        document = side.upload()
        attach = one + "/documents/{document_id}"
        yield ask("PUT", attach, conversation_id=conversation, document_id=document)
        yield ask("DELETE", attach, conversation_id=conversation, document_id=document)
        side.json("POST", "/api/v1/chat", {"content": "Who pays?", "conversation_id": conversation,
                                           "sources": ["The tenant pays the rent on the first day."]})
        yield ask("GET", one + "/messages", conversation_id=conversation)
        yield ask("GET", f"{prefix}/search?q=rent&limit=1&is_user=false&since=2026-01-01T00:00:00Z&include_archived=true")
        yield ask("DELETE", one, conversation_id=conversation)
    # An answer that has ended stays as it is.
    answer = side.json("POST", "/api/v1/chat", {"content": "Who pays?", "sources": ["The tenant pays the rent."]})
    yield ask("POST", "/api/v1/chat/generations/{generation_id}/stop", {}, generation_id=answer["message"]["id"])
    opinion = {"rating": "down", "comment": "Who else?"}
    yield ask("POST", "/api/v1/chat/messages/{message_id}/feedback", opinion, message_id=answer["message"]["id"])
    question = {"content": "What must a school get before it shares records?", "document_ids": [document]}
    yield ask("POST", "/api/v1/chat", question)
    yield ask("POST", "/api/v1/chat/chat", question)

    yield ask("GET", "/api/v1/documents?skip=0&limit=5&status=completed")
    one = "/api/v1/documents/{document_id}"
    yield ask("GET", one, document_id=document)
    yield ask("PATCH", one, {"document_category": "regulation", "keywords": ["a", "b"]}, document_id=document)
    yield ask("GET", one + "/chunks?limit=2", document_id=document)
    yield ask("GET", one + "/pages?limit=2", document_id=document)
    yield ask("GET", one + "/citations?limit=2", document_id=document)
    contract = ROOT / "examples/mozilla-public-license-2.0.pdf"
    contract = side.processed(contract.name, contract.read_bytes(), "completed")
    yield ask("GET", one + "/boxes?start_char=10&end_char=90", document_id=contract)
    failed = side.processed("cut-short.pdf", b"%PDF-1.7", "failed")
    yield ask("POST", one + "/retry", {}, document_id=failed)
    yield ask("POST", "/api/v1/documents/search", {"query": "written consent", "limit": 3, "filters": {"category": "regulation"}})

    yield ask("GET", "/api/v1/workflows/templates?category=")
    yield ask("GET", "/api/v1/workflows/templates/{template_id}", template_id="contract_review")
    yield ask("GET", "/api/v1/workflows/categories")
    run = {"template_id": "document_summary", "input_data": {"document_id": document}, "execution_id": f"{side.name}-1"}
    side.json("POST", "/api/v1/workflows/execute", run)
    one_run = "/api/v1/workflows/executions/{execution_id}"
    for _ in range(3000):
        if side.json("GET", one_run.format(execution_id=run["execution_id"]))["status"] == "completed":
            break
        time.sleep(0.1)
    yield ask("POST", "/api/v1/workflows/execute", run)
    yield ask("GET", "/api/v1/workflows/executions?status=completed")
    yield ask("GET", one_run, execution_id=run["execution_id"])

    for _ in range(100):
        # Events arrive a moment after what they tell of.
        if side.json("GET", "/api/v1/analytics/workflows")["completed_executions"] == 1:
            break
        time.sleep(0.1)
    for path in ("usage?days=7", "workflows"):
        yield ask("GET", f"/api/v1/analytics/{path}")
    yield ask("GET", "/api/v1/analytics/tokens?days=90")
    yield ask("GET", "/api/v1/analytics/activity?limit=1")
    yield ask("POST", "/api/v1/analytics/refresh", {})
    # Last, because how many runs it takes is a matter of luck.
    yield "POST " + one_run + "/cancel", cancel(side, document)
    yield ask("DELETE", one, document_id=document)
    yield ask("POST", "/api/v1/auth/logout", {})

    account["email"] = f"{side.name}-2@example.com"
    side.json("POST", "/api/v1/auth/register", account)
    side.log_in(account["email"])
    route, receipt = ask("DELETE", "/api/v1/users/me", {"password": PASSWORD})
    yield route, receipt
    receipt = json.loads(receipt)
    erasure = receipt.get("erasure", receipt)["id"]
    while side.json("GET", f"/api/v1/erasures/{erasure}")["status"] == "erasing":
        time.sleep(0.1)
    yield ask("GET", "/api/v1/erasures/{erasure_id}", erasure_id=erasure)


    yield from superuser(side, ask, account)


def superuser(side: Side, ask, account: dict[str, str]):
    """What whoever is in charge does with the accounts of others."""
    account["email"] = f"{side.name}-3@example.com"
    user = side.json("POST", "/api/v1/auth/register", account)["id"]
    root = f"{side.name}-4@example.com"
    program.run([PROGRAM, "user", "create", "--superuser", root], side.data, PASSWORD)
    side.log_in(root)
    yield ask("GET", f"/api/v1/users?q={side.name}-3&limit=5")
    one = "/api/v1/users/{user_id}"
    yield ask("GET", one, user_id=user)
    yield ask("PATCH", one, {"full_name": "Grace", "is_active": False}, user_id=user)
    yield ask("PUT", one + "/roles", {"roles": ["auditor"]}, user_id=user)
    yield ask("GET", f"/api/v1/audit?user_id={user}")
    yield ask("DELETE", one, user_id=user)


def sid(access_token: str) -> str:
    claims = access_token.split(".")[1]
    return json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))["sid"]


def second_factor(side: Side, ask, login: dict[str, str]):
    """Set up, demanded, and taken off again."""
    base, password = "/api/v1/auth/second-factor", {"password": login["password"]}
    yield ask("POST", base + "/totp", password)
    secret = side.json("POST", base + "/totp", password)["secret"]
    # Three steps in a row must all be of about now.
    while time.time() % 30 > 20:
        time.sleep(1)
    yield ask("POST", base + "/totp/confirm", {"code": totp(secret, -1)})
    yield ask("GET", base)
    challenge = side.json("POST", "/api/v1/auth/login", login)["second_factor_required"]["challenge_token"]
    yield ask("POST", "/api/v1/auth/login/second-factor", {"challenge_token": challenge, "code": totp(secret, 0)})
    renewed = ask("POST", base + "/recovery-codes", password | {"code": totp(secret, 1)})
    yield renewed
    code = re.search(r"[A-Z2-7]{4}(-[A-Z2-7]{4}){3}", renewed[1]).group(0)
    yield ask("POST", base + "/disable", password | {"code": code})


def cancel(side: Side, document: str) -> str:
    """A run may end before it can be cancelled: then another one is tried."""
    for attempt in range(2, 10):
        run = {"template_id": "contract_review", "input_data": {"document_id": document},
               "execution_id": f"{side.name}-{attempt}"}
        side.json("POST", "/api/v1/workflows/execute", run)
        answer = side.http.post(f"/api/v1/workflows/executions/{run['execution_id']}/cancel", json={})
        if answer.status_code == 200:
            return answer.text
    raise RuntimeError("no run could be cancelled")


def masked(text: str) -> str:
    for pattern, mask in MASKS:
        text = pattern.sub(mask, text)
    return text


def unary_routes(base: str) -> set[str]:
    """The routes of the OpenAPI document that answer with JSON once."""
    routes = set()
    for path, operations in httpx.get(f"{base}/openapi.json").json()["paths"].items():
        for method, operation in operations.items():
            content = next((answer.get("content", {}) for code, answer in operation.get("responses", {}).items()
                            if code.startswith("2")), {})
            is_upload = "multipart/form-data" in operation.get("requestBody", {}).get("content", {})
            if path.startswith("/api/v1/") and set(content) == {"application/json"} and not is_upload:
                routes.add(f"{method.upper()} {path}")
    # These are the edge's own: Envoy knows no cookie.
    routes -= {"GET /api/v1/health", "GET /api/v1/auth/google/callback"}
    return routes


def compare(ours: str, theirs: str, fields: dict[str, str], data: pathlib.Path) -> int:
    sides = [Side("ours", ours, ours, {}, data), Side("envoy", theirs, ours, fields, data)]
    covered, differences = set(), 0
    for (route, mine), (_, other) in zip(samples(sides[0]), samples(sides[1]), strict=True):
        covered.add(route.split("?")[0])
        field = fields.get(route.split("?")[0])
        mine, other = masked(mine), masked(other)
        told = json.loads(other)
        # Envoy shows the message whole where we show one field of it.
        if json.loads(mine) != (told[field] if field else told):
            differences += 1
            print(f"DIFFERENT {route}\n  ours:  {mine[:2000]}\n  envoy: {other[:2000]}")
        else:
            print(f"equal     {route}")
    for route in sorted(unary_routes(ours) - covered):
        differences += 1
        print(f"NO SAMPLE {route}")
    print(f"{len(covered)} routes, {differences} differences")
    return 1 if differences else 0


def main() -> int:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        addresses = {service: f"127.0.0.1:{free_port()}" for service in program.SERVICES}
        processes, base = start_mesh(folder, addresses)
        try:
            whole, plain = folder / "elenchus.binpb", folder / "envoy.binpb"
            subprocess.run([PROGRAM, "descriptors", whole], check=True)
            fields = descriptors.without_response_body(whole, plain)
            port = free_port()
            binary = os.environ.get("ENVOY", str(pathlib.Path(sys.executable).with_name("envoy")))
            processes.append(envoy.start(binary, folder, plain, port, addresses))
            return compare(base, f"http://127.0.0.1:{port}", fields, folder)
        finally:
            program.stop(processes)


if __name__ == "__main__":
    sys.exit(main())
