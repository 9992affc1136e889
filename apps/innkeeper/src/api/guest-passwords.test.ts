import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import type { Log } from '@innkeeper/kit';
import { makeUser, sessionOf } from '../access/testing/test-users.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

const clock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});
const secret = 'kR4-unheard-of';

describe('passwords of guests', () => {
  const guest = new FakeHost({ clock });
  const logged: string[] = [];
  const write = (...parts: unknown[]): void => void logged.push(JSON.stringify(parts));
  const withFields = (fields: object): Log => {
    write('with', fields);
    return log;
  };
  const log: Log = { debug: write, info: write, warn: write, error: write, with: withFields };
  let api: ServedApi;
  let base: string;
  let headers: Record<string, string>;

  before(async () => {
    guest.files.put('/etc/shadow', 'root:*:1::::::\nana:*:1::::::\n');
    const agent = createAgent(guest, log);
    api = await serveApi({
      log,
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    base = await api.listenTcp();
    await api.createVm('one');
    await api.access.users.createFirst();
    headers = { ...(await sessionOf(api.access, 'admin')) };
  });
  after(() => api[Symbol.asyncDispose]());

  const call = async (method: string, request: object, by = headers) => {
    const url = `${base}/v1/vms/one/innkeeper.agent.v1.AccountService/${method}`;
    const asked = { 'content-type': 'application/json', ...by };
    const response = await fetch(url, { method: 'POST', headers: asked, body: JSON.stringify(request) });
    return { status: response.status, text: await response.text() };
  };

  it('a password is in no audit entry, log line, answer or error, whether it was set or refused', async () => {
    const answers = [
      await call('Change', { user: 'ana', password: secret, expire: true }),
      await call('Change', { user: 'ana', password: `${secret}\nroot:${secret}` }),
      await call('Change', { user: 'nobody-here', password: secret }),
      await call('Change', { user: 'ana', password: secret.repeat(1000) }),
      await call('Change', { user: 7, password: secret }),
      await call('Change', { user: 'ana', password: secret, unknown: secret }),
    ];
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 400, 404, 400, 400, 400],
      JSON.stringify(answers),
    );
    const entries = await api.store.audit.list({ action: 'AccountService/Change', limit: 100 });
    assert.ok(entries.length >= 4, `${entries.length} entries`);
    assert.ok(
      entries.some(({ parameters }) => String(parameters).includes('"user":"ana"')),
      JSON.stringify(entries),
    );
    for (const [what, text] of [
      ['audit', JSON.stringify(entries)],
      ['log', logged.join('\n')],
      ['answers', JSON.stringify(answers)],
    ] as const)
      assert.ok(!text.includes(secret.slice(0, 8)), `${what}: ${text}`);
    const shadow = guest.files.text('/etc/shadow');
    assert.match(shadow, /^root:\*:1::::::\nana:\$5\$/);
  });

  it('only guest.admin may see and change accounts', async () => {
    await makeUser(api.access, 'opal', ['vm.view', 'guest.exec', 'guest.file.write']);
    const by = { ...(await sessionOf(api.access, 'opal')) };
    for (const method of ['List', 'Change', 'ListKeys', 'ChangeKeys'])
      assert.equal((await call(method, method === 'List' ? {} : { user: 'ana' }, by)).status, 403, method);
  });
});
