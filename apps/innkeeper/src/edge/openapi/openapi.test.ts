import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { allMethods } from '../../api/testing/all-methods.ts';
import { serveApi } from '../../api/testing/serve-api.ts';
import { listenForControl, serveRelay } from '../../relay/testing/serve-relay.ts';
import { httpRoutes, socketRoutes } from '../route-table.ts';
import { openapiDocument } from './openapi-document.ts';

const document = openapiDocument();
const isAgents = (name: string): boolean => name.startsWith('innkeeper.agent.');

describe('the OpenAPI document', () => {
  it('has every method that is served, every route and every WebSocket', () => {
    const missing = allMethods
      .map(({ parent, name }) => `${isAgents(parent.typeName) ? '/v1/vms/{vm}' : ''}/${parent.typeName}/${name}`)
      .filter((path) => document.paths[path]?.['post'] === undefined);
    for (const { path, method } of httpRoutes)
      if (document.paths[path]?.[method.toLowerCase()] === undefined) missing.push(path);
    for (const { path } of socketRoutes) if (document.paths[path]?.['get'] === undefined) missing.push(path);
    assert.deepEqual(missing, []);
  });

  it('refers only to schemas that it has, and names each operation once', () => {
    const schemas = document.components['schemas'] as Record<string, unknown>;
    const names = [...JSON.stringify(document).matchAll(/"#\/components\/schemas\/([^"]+)"/g)].map(([, name]) => name);
    assert.deepEqual(
      names.filter((name) => name === undefined || !(name in schemas)),
      [],
    );
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    assert.deepEqual(
      ids.filter((id, index) => ids.indexOf(id) !== index),
      [],
    );
  });

  it('has the comments of the schemas, also of fields, and streams as lines and as events', () => {
    const schemas = document.components['schemas'] as Record<
      string,
      { properties: Record<string, { description: string }> }
    >;
    const { properties } = schemas['innkeeper.control.v1.CreateVmRequest'] ?? { properties: {} };
    assert.match(properties['memoryBytes']?.description ?? '', /^At least 64 MiB/);
    const watch = document.paths['/innkeeper.control.v1.VmService/WatchVm']?.['post'];
    assert.match(watch?.description ?? '', /^Sends the VM now/);
    const answer = watch?.responses['200'] as { content: object };
    assert.deepEqual(Object.keys(answer.content), ['application/x-ndjson', 'text/event-stream']);
  });

  for (const at of ['the daemon', 'a control plane'] as const) {
    it(`is served to everybody, with a page that loads nothing else, at ${at}`, async () => {
      await using api = await serveApi({});
      await listenForControl(api);
      await using relay = await serveRelay(api);
      const base = at === 'the daemon' ? await api.listenTcp() : relay.base;
      const json = await fetch(`${base}/openapi.json`);
      assert.equal(json.headers.get('content-type'), 'application/json');
      assert.deepEqual(await json.json(), JSON.parse(JSON.stringify(document)));
      const page = await fetch(`${base}/openapi`);
      assert.match(page.headers.get('content-type') ?? '', /^text\/html/);
      assert.match(page.headers.get('content-security-policy') ?? '', /^default-src 'none'/);
      const html = await page.text();
      assert.match(html, /VmService\/CreateVm/);
      assert.doesNotMatch(html, /<script|<link|<img|src=|@import|url\(/);
      assert.ok(html.length < 300_000, String(html.length));
    });
  }
});
