import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import {
  modelToken,
  startProxmoxModel,
} from '../../../../packages/agent-client/src/links/proxmox/fake/proxmox-model.ts';
import { runInn } from '../../../cli/src/testing/run-inn.ts';
import { serveApi } from './testing/serve-api.ts';

async function served() {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-proxmox-'));
  stack.defer(() => rm(folder, { recursive: true, force: true }));
  const model = stack.use(await startProxmoxModel(folder));
  const api = stack.use(await serveApi({}));
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${modelToken}\n`);
  const owned = stack.move();
  const inn = (...words: string[]) => runInn(api.socketPath, words);
  const from = ['--proxmox', `https://127.0.0.1:${model.port}`, '--fingerprint', model.fingerprint];
  const adopted = join(api.folder, 'adopted');
  return { model, api, inn, from, tokenFile, adopted, [Symbol.asyncDispose]: () => owned.disposeAsync() };
}

const [, secret = ''] = modelToken.split('=');

describe('the VMs of a Proxmox VE', () => {
  it('are adopted for reading, and with full access by their address, from a token in a file', async () => {
    await using one = await served();
    const { stdout, stderr } = await one.inn('adopt', ...one.from, '--token-file', one.tokenFile);
    assert.equal(stdout, 'web-server is adopted, for reading.\n', stderr);
    await until(() => one.api.node.get('web-server').agent.telemetry !== undefined);
    assert.match((await one.inn('ls')).stdout, /^web-server +running +connected +10\.0\.0\.9 /m);
    const refused = await one.inn('exec', '-n', 'web-server', '--', 'true');
    assert.match(refused.stderr, /adopted for reading only.*UNSUPPORTED_BY_AGENT/);
    await one.inn('adopt', 'web', '--agent', `proxmox:127.0.0.1:${one.model.port}/100,access=full`);
    assert.equal((await one.inn('exec', '-n', 'web', '--', 'echo', 'hi')).stdout, 'echo hi\n');
  });

  it('leave their token in one file for the daemon alone: not in the database, the audit, events or a VM’s description', async () => {
    await using one = await served();
    await one.inn('adopt', ...one.from, '--token', modelToken);
    const [name = '', ...more] = await readdir(one.adopted);
    assert.deepEqual(more, []);
    assert.equal((await stat(join(one.adopted, name))).mode & 0o777, 0o600);
    assert.match(await readFile(join(one.adopted, name), 'utf8'), new RegExp(secret));
    const audit = await one.inn('audit', '-o', 'json');
    assert.match(audit.stdout, /ConnectProxmox/);
    const texts = [audit.stdout, (await one.inn('show', 'web-server', '-o', 'json')).stdout];
    texts.push((await one.inn('events', '-o', 'json')).stdout);
    for (const file of ['innkeeper.db', 'innkeeper.db-wal'])
      texts.push(await readFile(join(one.api.folder, file), 'latin1').catch(() => ''));
    for (const text of texts) assert.ok(!text.includes(secret));
  });

  it('are forgotten with the token when the last one is released', async () => {
    await using one = await served();
    await one.inn('adopt', ...one.from, '--token-file', one.tokenFile);
    await one.inn('adopt', 'again', '--agent', `proxmox:127.0.0.1:${one.model.port}/100`);
    await one.inn('release', 'web-server');
    assert.equal((await readdir(one.adopted)).length, 1);
    await one.inn('release', 'again');
    assert.deepEqual(await readdir(one.adopted), []);
  });

  it('are not adopted with a wrong token, certificate or address, and nothing is kept', async () => {
    await using one = await served();
    const attempts = [
      [[...one.from, '--token', `${modelToken}0`], /refuses the token.*HYPERVISOR_UNREACHABLE/s],
      [[...one.from.slice(0, 2), '--token', modelToken], /certificate.*HYPERVISOR_UNREACHABLE/s],
      [[...one.from, '--token', 'secret'], /not of the form.*INVALID_ARGUMENT/s],
      [['--proxmox', 'http://h', '--token', modelToken], /not an address such as/],
    ] as const;
    for (const [words, why] of attempts) assert.match((await one.inn('adopt', ...words)).stderr, why);
    assert.deepEqual(await readdir(one.adopted).catch(() => []), []);
  });
});
