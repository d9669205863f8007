// A real browser, on another origin than the mesh, signs in and streams an answer over gRPC-web.
import assert from "node:assert/strict";
import { createServer } from "node:http";
import { after, before, test } from "node:test";
import { build } from "esbuild";
import { chromium } from "playwright-core";

const api = process.env.ELENCHUS_URL;
const origin = new URL(process.env.ELENCHUS_TEST_ORIGIN);
const account = { email: `browser-${Date.now()}@example.com`, password: "correct horse battery", full_name: "B" };
let browser;
let page;
let server;

before(async () => {
  const bundle = await build({
    entryPoints: [new URL("page.js", import.meta.url).pathname],
    bundle: true,
    format: "iife",
    write: false,
  });
  const script = bundle.outputFiles[0].text;
  server = createServer((request, response) => {
    const isScript = request.url === "/page.js";
    response.setHeader("content-type", isScript ? "text/javascript" : "text/html");
    response.end(isScript ? script : '<!doctype html><p id="answer"></p><script src="/page.js"></script>');
  });
  await new Promise((resolve) => server.listen(Number(origin.port), origin.hostname, resolve));

  const made = await fetch(`${api}/api/v1/auth/register`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(account),
  });
  assert.equal(made.status, 200);

  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  page = await browser.newPage();
  await page.goto(`${origin.href}?api=${encodeURIComponent(api)}`);
  await page.waitForFunction(() => typeof window.ask === "function");
});

after(async () => {
  await browser?.close();
  server?.close();
});

test("the answer is shown as it streams, and quotes the source", async () => {
  const source = "The Customer may terminate this Agreement on thirty (30) days' written notice to the Supplier.";
  const { types, shown } = await page.evaluate(
    ([email, password, text]) => window.ask(email, password, "On how many days' notice may the Customer terminate?", text),
    [account.email, account.password, source],
  );
  assert.equal(types[0], "message.started");
  assert.equal(types.at(-1), "message.completed");
  assert.ok(types.filter((type) => type === "delta").length > 1, types.join());
  assert.match(shown, /thirty \(30\) days' written notice/);
  assert.equal(await page.textContent("#answer"), shown);
});

test("a wrong password is UNAUTHENTICATED, with words for people", async () => {
  const refusal = await page.evaluate(([email]) => window.fail(email, "not the password"), [account.email]);
  assert.equal(refusal.code, 16);
  assert.ok(refusal.message.length > 0);
});
