import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { Browser, BrowserContext, Page } from 'playwright-core';
import { WebSocketServer } from 'ws';
import type { ServedApi } from '../../apps/innkeeper/src/api/testing/serve-api.ts';
import { serveConnected } from '../conformance/tunnels/serve-connected.ts';
import { checkPage, openBrowser } from './console.ts';

/** A page that uses a stylesheet, a module, a fetch and a WebSocket, and tries to get at the console. */
const html = `<!doctype html><title>guest</title><link rel="stylesheet" href="style.css">
<h1>Guest page</h1><ul></ul><script type="module" src="main.js"></script>`;
const script = `
const say = (text) => document.querySelector('ul').append(Object.assign(document.createElement('li'), { textContent: text }));
const attempt = async (name, work) => { try { say(name + ': ' + await work()); } catch (error) { say(name + ': ' + error.name); } };
say('style: ' + getComputedStyle(document.querySelector('h1')).color);
say('origin: ' + self.origin);
await attempt('fetch', async () => (await (await fetch('data', { method: 'POST', headers: { 'x-a': '1' }, body: 'sent' })).text()));
await attempt('cookie', () => document.cookie);
await attempt('storage', () => localStorage.length);
const me = '/innkeeper.control.v1.AccessService/GetMe';
const headers = { 'content-type': 'application/json' };
await attempt('api', async () => (await fetch(me, { method: 'POST', body: '{}', headers, credentials: 'include' })).status);
const socket = new WebSocket(new URL('socket', location.href.replace('http', 'ws')));
socket.onopen = () => socket.send('hi');
socket.onmessage = ({ data }) => say('socket: ' + data);
`;

async function startSite(): Promise<Server> {
  const server = createServer((request, response) => {
    const path = request.url ?? '';
    if (path === '/style.css') response.setHeader('content-type', 'text/css').end('h1 { color: rgb(1, 2, 3) }');
    else if (path === '/main.js') response.setHeader('content-type', 'text/javascript').end(script);
    else if (path === '/data') request.pipe(response);
    else {
      response.setHeader('set-cookie', ['innkeeper_session=stolen; Path=/', 'own=1']);
      response.setHeader('content-type', 'text/html').end(html);
    }
  });
  const sockets = new WebSocketServer({ server });
  sockets.on('connection', (socket) => socket.on('message', (data) => socket.send(`got ${String(data)}`)));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return server;
}

describe('a page of a guest in the browser', () => {
  let api: ServedApi;
  let site: Server;
  let browser: Browser;
  let context: BrowserContext;
  let page: Page;
  let port: number;

  before(async () => {
    site = await startSite();
    port = (site.address() as AddressInfo).port;
    api = await serveConnected({ webFolder: join(import.meta.dirname, '..', '..', 'dist', 'web') });
    const domain = { name: 'ports.localhost', scheme: undefined, port: undefined };
    const hosts = { isLoopback: true, names: [] };
    const plain = await api.listenTcp();
    const own = await api.listenTcp({ listener: { kind: 'tcp', isSecure: false, hosts, portsDomain: domain } });
    browser = await openBrowser();
    context = await browser.newContext({ baseURL: plain, locale: 'en-GB' });
    page = await context.newPage();
    await page.goto((await api.access.firstLoginPath()) ?? '');
    await page.getByRole('heading', { name: 'Overview' }).waitFor();
    ownUrl = own.replace('127.0.0.1', 'localhost');
  });
  let ownUrl = '';
  after(async () => {
    await browser?.close();
    site.closeAllConnections();
    site.close();
    await api?.[Symbol.asyncDispose]();
  });

  /** Opens the port from the page of the VM. */
  const openPort = async (console: Page): Promise<Page> => {
    await console.goto('/vms/one');
    await console.getByRole('button', { name: 'More actions' }).click();
    await console.getByRole('menuitem', { name: 'Open port' }).click();
    await console.getByLabel('TCP port in the guest').fill(`${port}`);
    const opened = context.waitForEvent('page');
    await console.getByRole('button', { name: 'Open', exact: true }).click();
    const tab = await opened;
    await tab.getByText('socket: got hi').waitFor();
    return tab;
  };
  const lines = async (tab: Page): Promise<string[]> => (await tab.getByRole('listitem').allTextContents()).slice(0, 7);

  it('“Open port” shows a page with its style, module, fetch and WebSocket, which cannot reach the console', async () => {
    const tab = await openPort(page);
    assert.match(new URL(tab.url()).pathname, new RegExp(`^/v1/vms/one/ports/${port}/~[\\w-]{43}/$`));
    assert.deepEqual(await lines(tab), [
      'style: rgb(1, 2, 3)',
      'origin: null',
      'fetch: sent',
      'cookie: SecurityError',
      'storage: SecurityError',
      'api: TypeError',
      'socket: got hi',
    ]);
    await tab.close();
    // The guest's cookie has not replaced the session's.
    await page.goto('/vms');
    await page.getByRole('link', { name: 'one', exact: true }).waitFor();
  });

  it('the dialog “Open port” is accessible', async () => {
    await page.goto('/vms/one');
    await page.getByRole('button', { name: 'More actions' }).click();
    await page.getByRole('menuitem', { name: 'Open port' }).click();
    await page.getByLabel('TCP port in the guest').waitFor();
    assert.deepEqual(await checkPage(page, 'open-port'), []);
    await page.getByRole('button', { name: 'Cancel' }).click();
  });

  it('below a domain for ports the page has an origin of its own, with storage and cookies', async () => {
    const other = await browser.newContext({ baseURL: ownUrl, locale: 'en-GB' });
    try {
      await other.addCookies(
        (await context.cookies())
          .filter(({ name }) => name === 'innkeeper_session')
          .map((each) => ({ ...each, domain: 'localhost' })),
      );
      const tab = await other.newPage();
      await tab.goto(`/v1/vms/one/ports/${port}/`);
      await tab.getByText('socket: got hi').waitFor();
      const origin = ownUrl.replace('localhost', `${port}--one.ports.localhost`);
      assert.equal(tab.url(), `${origin}/`);
      assert.deepEqual(await lines(tab), [
        'style: rgb(1, 2, 3)',
        `origin: ${origin}`,
        'fetch: sent',
        'cookie: innkeeper_session=stolen; own=1',
        'storage: 0',
        'api: 200',
        'socket: got hi',
      ]);
    } finally {
      await other.close();
    }
  });
});
