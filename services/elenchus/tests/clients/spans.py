"""One request, followed through the mesh: six processes send their spans to a collector, and the collector sends
them on as Langfuse takes them. What arrives is one trace over every hop, and holds nothing secret."""

import base64
import gzip
import http.server
import pathlib
import sys
import tempfile
import threading
import time

import httpx
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest, ExportTraceServiceResponse

from peers import mesh, program

PROGRAM = program.ROOT / "target/debug/elenchus"
PATH = "/api/public/otel/v1/traces"
AUTHORIZATION = "Basic " + base64.b64encode(b"pk-lf-test:sk-lf-test").decode()
EMAIL, PASSWORD, CANARY = "spans@example.com", "correct horse spans", "a canary sings at noon"


class Sink(http.server.BaseHTTPRequestHandler):
    """Takes spans as Langfuse does: at its path, from those who know its keys."""

    # (service, span) in the order of their coming.
    spans: list = []
    bodies: list[bytes] = []
    refused: list[str] = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        if self.path != PATH or self.headers.get("authorization") != AUTHORIZATION:
            self.refused.append(f"{self.path} {self.headers.get('authorization')}")
            self.send_error(401)
            return
        if self.headers.get("content-encoding") == "gzip":
            body = gzip.decompress(body)
        self.bodies.append(body)
        for resource in ExportTraceServiceRequest.FromString(body).resource_spans:
            names = [a.value.string_value for a in resource.resource.attributes if a.key == "service.name"]
            self.spans.extend((names[0], span) for scope in resource.scope_spans for span in scope.spans)
        answer = ExportTraceServiceResponse().SerializeToString()
        self.send_response(200)
        self.send_header("content-type", "application/x-protobuf")
        self.send_header("content-length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


def ask(base: str) -> tuple[str, list[str]]:
    """Signs up, uploads, asks. The trace of the question, and what nobody but its owner may read."""
    with httpx.Client(base_url=base, timeout=60) as client:
        account = {"email": EMAIL, "password": PASSWORD, "full_name": "Spans"}
        client.post("/api/v1/auth/register", json=account).raise_for_status()
        login = client.post("/api/v1/auth/login", json={"username": EMAIL, "password": PASSWORD}).raise_for_status().json()
        client.headers["authorization"] = f"Bearer {login['access_token']}"
        file = {"file": ("notes.txt", f"It is agreed that {CANARY}.".encode())}
        document = client.post("/api/v1/documents", files=file).raise_for_status().json()["id"]
        until(lambda: client.get(f"/api/v1/documents/{document}").json()["processing_status"] == "completed",
              "the document is processed")
        answer = client.post("/api/v1/chat", json={"content": f"Is it agreed that {CANARY}?", "document_ids": [document]})
        answer.raise_for_status()
        assert CANARY in answer.json()["message"]["content"], answer.text
        trace = answer.headers["traceparent"].split("-")[1]
        return trace, [EMAIL, PASSWORD, CANARY, login["access_token"], login["refresh_token"]]


def until(holds, what: str):
    for _ in range(600):
        if holds():
            return
        time.sleep(0.1)
    raise AssertionError(f"in vain: {what}; refused: {Sink.refused}; spans: {[(s, x.name) for s, x in Sink.spans]}")


def check(trace: str, secrets: list[str]):
    """The hops of one request are one trace, each below the one that called it."""
    def hops() -> dict[str, object]:
        return {(service, span.name): span for service, span in list(Sink.spans) if span.trace_id.hex() == trace}

    chat = ("elenchus-conversation", "elenchus.conversation.v1.ConversationService/Chat")
    search = ("elenchus-document", "elenchus.document.v1.DocumentService/SearchDocuments")
    until(lambda: {chat, search} <= set(hops()) and any(service == "elenchus-gateway" for service, _ in hops()),
          "every hop's span arrives")
    spans = {span.span_id: service for (service, _), span in hops().items()}
    assert spans[hops()[chat].parent_span_id] == "elenchus-gateway", "the gateway called the conversation service"
    above, services = hops()[search], []
    while above.parent_span_id in spans:
        services.append(spans[above.parent_span_id])
        above = next(span for span in hops().values() if span.span_id == above.parent_span_id)
    assert services[0] == "elenchus-conversation" and services[-1] == "elenchus-gateway", services
    assert not Sink.refused, Sink.refused
    everything = b"".join(Sink.bodies)
    for secret in secrets:
        assert secret.encode() not in everything, f"{secret[:12]}… is in a span"
    print(f"one trace over {sorted(set(spans.values()))}, {len(Sink.spans)} spans in all")


def main():
    sink = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Sink)
    threading.Thread(target=sink.serve_forever, daemon=True).start()
    with tempfile.TemporaryDirectory() as name:
        folder, processes = pathlib.Path(name), []
        try:
            collector, endpoint = mesh.collector(
                folder, "--exporter", "otlp", "--otlp-exporter-protocol", "http", "--batch-timeout", "200ms",
                "--otlp-exporter-endpoint", f"http://127.0.0.1:{sink.server_port}/api/public/otel",
                "--otlp-exporter-custom-headers", f"Authorization={AUTHORIZATION}")
            processes.append(collector)
            # Spans are sent within a moment, and not every five seconds.
            variables = {"OTEL_EXPORTER_OTLP_ENDPOINT": endpoint, "OTEL_BSP_SCHEDULE_DELAY": "200"}
            apart = mesh.Apart(PROGRAM, folder, variables)
            processes.extend(apart.processes.values())
            check(*ask(apart.base))
        finally:
            program.stop(processes)


if __name__ == "__main__":
    sys.exit(main())
