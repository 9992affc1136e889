import assert from 'node:assert/strict';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createClient, loginForToken } from '@innkeeper/client';
import { type ServedApi, serveApi } from '../../innkeeper/src/api/testing/serve-api.ts';
import { runInn } from './testing/run-inn.ts';

const password = 'correct horse battery';

describe('inn with a daemon on another machine', () => {
  let api: ServedApi;
  let url: string;
  let folder: string;
  let environment: Record<string, string>;

  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-login-'));
    environment = { XDG_CONFIG_HOME: folder, XDG_DATA_HOME: folder, INNKEEPER_DATA: '', INNKEEPER_SOCKET: '' };
    api = await serveApi({});
    url = await api.listenTcp();
    await api.createVm('one', { agent: false });
    const local = createClient({ socketPath: api.socketPath });
    await local.access.createUser({ name: 'me', roles: [{ role: 'administrator', scope: '*' }], password });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const inn = (args: readonly string[], input = '') => runInn('', args, { environment, input });

  it('loginForToken exchanges a password for a token and keeps no session', async () => {
    const { token, tokenId } = await loginForToken({ url, user: 'me', password, tokenName: 'test' });
    const client = createClient({ url, token });
    assert.equal((await client.access.getMe({})).user, 'me');
    assert.deepEqual((await client.access.listSessions({})).sessions, []);
    await client.access.revokeToken({ id: tokenId });
    await assert.rejects(client.access.getMe({}), { reason: 'TOKEN_INVALID' });
    await assert.rejects(loginForToken({ url, user: 'me', password: 'wrong', tokenName: 'test' }), {
      reason: 'LOGIN_FAILED',
    });
  });

  it('inn login stores a token and makes the daemon the current context until inn logout', async () => {
    const { token } = await loginForToken({ url, user: 'me', password, tokenName: 'inn' });
    const login = await inn(['login', url, '--token-stdin', '--name', 'far'], `${token}\n`);
    assert.equal(login.exitCode, 0, login.stderr);
    assert.doesNotMatch(login.stdout + login.stderr, new RegExp(token));
    assert.equal((await stat(join(folder, 'innkeeper', 'contexts.json'))).mode & 0o777, 0o600);
    assert.equal((await inn(['ls', '-o', 'name'])).stdout, 'one\n');
    const list = await inn(['context', 'ls', '-o', 'json']);
    assert.doesNotMatch(list.stdout, new RegExp(token));
    assert.equal(JSON.parse(list.stdout)[1].current, true);
    assert.equal((await inn(['context', 'use', 'local'])).exitCode, 0);
    assert.equal((await inn(['ls'])).exitCode, 1, 'there is no local daemon');
    assert.equal((await inn(['--context', 'far', 'ls', '-o', 'name'])).stdout, 'one\n');
    assert.equal((await inn(['logout', 'far'])).exitCode, 0);
    assert.equal((await inn(['--context', 'far', 'ls'])).exitCode, 3);
  });

  it('inn takes address and token from the environment, and reports a missing token', async () => {
    const { token } = await loginForToken({ url, user: 'me', password, tokenName: 'ci' });
    const run = (more: Record<string, string>) =>
      runInn('', ['ls', '-o', 'name'], { environment: { ...environment, INNKEEPER_URL: url, ...more } });
    assert.equal((await run({ INNKEEPER_TOKEN: token })).stdout, 'one\n');
    const without = await run({});
    assert.equal(without.exitCode, 2);
    assert.match(without.stderr, /INNKEEPER_TOKEN/);
    assert.equal((await run({ INNKEEPER_TOKEN: 'ink_wrong' })).exitCode, 4);
  });

  it('inn token creates restricted tokens, lists and revokes them', async () => {
    const socket = ['--socket', api.socketPath];
    const words = ['token', 'create', 'reader', '--privilege', 'vm.view', '--days', '1', '-o', 'json'];
    const made = await inn([...socket, ...words]);
    assert.equal(made.exitCode, 0, made.stderr);
    const { secret, token: created } = JSON.parse(made.stdout) as { secret: string; token: { id: string } };
    const reader = { ...environment, INNKEEPER_URL: url, INNKEEPER_TOKEN: secret };
    assert.equal((await runInn('', ['ls', '-o', 'name'], { environment: reader })).stdout, 'one\n');
    const refused = await runInn('', ['stop', 'one'], { environment: reader });
    assert.equal(refused.exitCode, 4);
    assert.match(refused.stderr, /vm\.power/);
    assert.match((await inn([...socket, 'token', 'ls', '--all'])).stdout, /reader/);
    assert.equal((await inn([...socket, 'token', 'revoke', created.id])).exitCode, 0);
    assert.equal((await runInn('', ['ls'], { environment: reader })).exitCode, 4);
  });

  it('inn user creates users without a password, lists and removes them', async () => {
    const socket = ['--socket', api.socketPath];
    assert.equal((await inn([...socket, 'user', 'create', 'eve', '--role', 'viewer@tag:web'])).exitCode, 0);
    assert.match((await inn([...socket, 'user', 'ls'])).stdout, /eve +viewer@tag:web +none +active/);
    const link = await inn([...socket, 'web', '--user', 'eve']);
    assert.equal(link.exitCode, 1, 'the test server does not know its own address');
    assert.equal((await inn([...socket, 'user', 'rm', 'eve'])).exitCode, 0);
    assert.equal((await inn([...socket, 'user', 'rm', 'eve'])).exitCode, 3);
  });

  it('inn refuses an invalid address, an empty token and an unknown context', async () => {
    assert.equal((await inn(['login', 'ftp://x', '--token-stdin'], 'x\n')).exitCode, 2);
    assert.equal((await inn(['login', url, '--token-stdin'], '')).exitCode, 2);
    assert.equal((await inn(['context', 'use', 'nowhere'])).exitCode, 3);
  });
});
