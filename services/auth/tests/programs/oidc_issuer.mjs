// An OpenID provider that says what it is told: oidc_issuer.mjs MODULES ORDERS
//
// Tells its issuer in its first line. ORDERS is a JSON file, read at every token: `payload` and
// `header` change the token, `key` ("unknown", "none" or "secret") how it is signed, and `status`
// what the token endpoint answers with instead.
import { createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';

const [modules, orders] = process.argv.slice(2);
const resolve = createRequire(pathToFileURL(`${modules}/`)).resolve;
const { OAuth2Server } = await import(pathToFileURL(resolve('oauth2-mock-server')));

const order = () => JSON.parse(readFileSync(orders, 'utf8'));
const encode = (value) => Buffer.from(JSON.stringify(value)).toString('base64url');

const server = new OAuth2Server();
await server.issuer.keys.generate('RS256');

server.service.on('beforeTokenSigning', (token) => {
  const { payload = {}, header = {} } = order();
  Object.assign(token.payload, payload);
  Object.assign(token.header, header);
  for (const [name, value] of Object.entries(payload)) {
    if (value === null) delete token.payload[name];
  }
});

server.service.on('beforeResponse', (response) => {
  const { key, status, secret } = order();
  if (status) {
    response.statusCode = status;
    response.body = { error: 'invalid_grant' };
    return;
  }
  const [head, body] = response.body.id_token.split('.');
  const header = JSON.parse(Buffer.from(head, 'base64url'));
  if (key === 'none') {
    response.body.id_token = `${encode({ ...header, alg: 'none' })}.${body}.`;
  } else if (key === 'secret') {
    const signed = `${encode({ ...header, alg: 'HS256' })}.${body}`;
    response.body.id_token = `${signed}.${createHmac('sha256', secret).update(signed).digest('base64url')}`;
  } else if (key === 'altered') {
    const claims = { ...JSON.parse(Buffer.from(body, 'base64url')), email: 'victim@example.com' };
    response.body.id_token = [head, encode(claims), response.body.id_token.split('.')[2]].join('.');
  }
});

await server.start(0, '127.0.0.1');
server.issuer.url = server.issuer.url.replace('localhost', '127.0.0.1');
console.log(server.issuer.url);
