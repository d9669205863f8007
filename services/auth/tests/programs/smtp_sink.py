"""An SMTP server that keeps what it gets: smtp_sink.py FOLDER {plain,starttls,tls} [PORT]

Tells its port in its first line. What it does with a mail is in the reader's name: `refused@…` is
refused for good, `later@…` is put off twice, and of a mail to `cut@…` it takes all and then hangs up
once without a word, as a server does that dies.
"""

import asyncio
import collections
import pathlib
import ssl
import sys
import uuid

from aiosmtpd.smtp import SMTP, AuthResult

HERE = pathlib.Path(__file__).parent


class Keeper:
    def __init__(self, folder: pathlib.Path):
        self.folder, self.tries = folder, collections.Counter()

    async def handle_RCPT(self, server, session, envelope, address, options):
        self.tries[address] += 1
        if address.startswith("refused@"):
            return f"550 5.1.1 <{address}>: no such user here"
        if address.startswith("later@") and self.tries[address] <= 2:
            return f"451 4.7.1 <{address}>: come back later"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        fresh = self.folder / f"{uuid.uuid4()}.new"
        fresh.write_bytes(envelope.content)
        fresh.rename(fresh.with_suffix(".eml"))
        address = envelope.rcpt_tos[0]
        if address.startswith("cut@") and self.tries[address] == 1:
            server.transport.abort()
        return "250 kept"


def authenticate(server, session, envelope, mechanism, data):
    return AuthResult(success=(data.login, data.password) == (b"elenchus", b"an smtp password"))


async def main(folder: pathlib.Path, mode: str, port: int) -> None:
    context = None
    if mode != "plain":
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        context.load_cert_chain(HERE / "localhost.pem", HERE / "localhost.key")
    keeper = Keeper(folder)

    def session() -> SMTP:
        if mode == "plain":
            return SMTP(keeper)
        return SMTP(keeper, tls_context=context if mode == "starttls" else None,
                    require_starttls=mode == "starttls", auth_required=True,
                    auth_require_tls=mode == "starttls", authenticator=authenticate)

    loop = asyncio.get_running_loop()
    server = await loop.create_server(session, "127.0.0.1", port, ssl=context if mode == "tls" else None)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


asyncio.run(main(pathlib.Path(sys.argv[1]), sys.argv[2], int(sys.argv[3]) if len(sys.argv) > 3 else 0))
