import assert from 'node:assert/strict';
import { createHash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { create, fromBinary, toBinary } from '@bufbuild/protobuf';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { isOperationError } from '@innkeeper/contract';
import { LiveEventSchema, LiveRequestSchema, OperationState, RunState } from '@innkeeper/contract/control';
import { silentLog } from '@innkeeper/kit';
import { WebSocket } from 'ws';
import { nodeHealth } from '../../apps/innkeeper/src/relay/node-health.ts';
import { NodeLink } from '../../apps/innkeeper/src/relay/node-link.ts';
import { makeCertificates } from './certificates.ts';
import { type InnkeeperProcess, startInnkeeper } from './innkeeper-process.ts';
import { type PostgresServer, startPostgres } from './postgres-server.ts';
import { until } from './until.ts';

const mib = 1024 * 1024;

describe('two control planes with one node, on PostgreSQL', { timeout: 300_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-replicas-'));
  const dataPath = join(folder, 'data');
  const certificates = makeCertificates(folder);
  let postgres: PostgresServer;
  let databaseUrl: string;
  let node: InnkeeperProcess;
  let nodeAddress: string;
  let one: InnkeeperProcess;
  let two: InnkeeperProcess;
  let token: string;
  /** Clients of the first control plane, by its unix socket, and of the second one, by TLS. */
  let first: InnkeeperClient;
  let second: InnkeeperClient;

  async function startNode(): Promise<InnkeeperProcess> {
    const [cert = '', key = ''] = certificates.node;
    const tls = ['--tls-cert', cert, '--tls-key', key, '--control-ca', certificates.ca];
    const listen = ['--listen', nodeAddress === undefined ? '127.0.0.1:0' : nodeAddress.replace('https://', '')];
    return await startInnkeeper(['node', '--data', dataPath, ...listen, ...tls], {
      databaseUrl,
      until: /--node (https:\S+)/,
    });
  }

  async function startControl(nodeOptions: readonly string[], listen = '127.0.0.1:0'): Promise<InnkeeperProcess> {
    const argv = ['control', '--listen', listen, ...nodeOptions];
    return await startInnkeeper(argv, { databaseUrl, until: /Web console: (http:\/\/[\d.:]+)/ });
  }
  const bySocket = ['--node', `unix:${join(dataPath, 'control.sock')}`];
  const byTls = (): string[] => {
    const [cert = '', key = ''] = certificates.control;
    return ['--node', nodeAddress, '--node-cert', cert, '--node-key', key, '--node-ca', certificates.ca];
  };

  before(async () => {
    postgres = await startPostgres();
    databaseUrl = await postgres.createDatabase();
    node = await startNode();
    nodeAddress = node.said;
    [one, two] = await Promise.all([startControl(bySocket), startControl(byTls())]);
    const local = createClient({ socketPath: join(dataPath, 'innkeeper.sock') });
    token = (await local.access.createToken({ name: 'test', privileges: ['*'] })).secret;
    first = createClient({ url: one.said, token });
    second = createClient({ url: two.said, token });
    const built = await first.images.buildImage({ kind: 'tiny', name: 'tiny' });
    await second.operations.wait(built.id);
    const made = await first.vms.createVm({
      name: 'web',
      image: 'tiny',
      cpus: 1,
      memoryBytes: 256n * BigInt(mib),
      start: true,
    });
    await second.operations.wait(made.id);
    await until(
      async () => (await first.exec('web', { start: { argv: ['/bin/true'] } })) !== undefined && (await runs(second)),
    );
  });
  after(async () => {
    const local = createClient({ socketPath: join(dataPath, 'innkeeper.sock') });
    await local.vms.killVm({ vm: 'web' }).catch(() => undefined);
    for (const each of [one, two, node, postgres]) await each?.[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true, force: true });
  });

  it('two control planes show the same VMs, live fleet and audit', async () => {
    const [a, b] = await Promise.all([first.vms.listVms({}), second.vms.listVms({})]);
    assert.deepEqual(
      a.vms.map(({ id, name }) => [id, name]),
      b.vms.map(({ id, name }) => [id, name]),
    );
    assert.equal(a.vms.length, 1);
    assert.deepEqual(await fleet(one.said, token), { vms: 1 });
    assert.deepEqual(await fleet(two.said, token), { vms: 1 });
    const [x, y] = await Promise.all([first.audit.listAudit({}), second.audit.listAudit({})]);
    assert.deepEqual(x, y);
    assert.ok(
      x.entries.some(
        ({ action, user, via }) => action === 'VmService/CreateVm' && user === 'admin' && via === 'token test',
      ),
    );
  });

  it('an operation of the first control plane can be cancelled through the second', async () => {
    const begun = await first.images.buildImage({ kind: 'tiny', name: 'other' });
    const seen: OperationState[] = [];
    for await (const operation of second.operations.watchOperation({ id: begun.id })) {
      seen.push(operation.state);
      if (seen.length === 1) await second.operations.cancelOperation({ id: begun.id });
    }
    assert.equal(seen[0], OperationState.RUNNING);
    assert.equal(seen.at(-1), OperationState.CANCELED);
  });

  it('nothing is lost when the first control plane is killed during commands, runs, terminals and uploads', async () => {
    const command = first.exec('web', {
      start: { argv: ['/bin/sh', '-c', 'i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i+1)); sleep 0.1; done'] },
    });
    const run = await first.runs.start({
      vms: ['web'],
      script: 'for i in 1 2 3 4 5 6; do echo run $i; sleep 0.5; done',
    });
    const terminal = await first.terminals.create('web', { argv: ['/bin/sh'], columns: 80, rows: 24 });
    const shell = first.terminals.open('web', terminal.id);
    await typeAndSee(shell, [['echo kept-$((40+2))\n', 'kept-42']]);
    const content = randomBytes(24 * mib);
    const leave = new AbortController();
    const half = Promise.withResolvers<void>();
    const uploadOptions = { uploadId: 'replicas', sizeBytes: content.length };
    const upload = first.writeFile('web', '/root/upload', {
      ...uploadOptions,
      signal: leave.signal,
      source: (offset) => pieces(content, offset),
      onProgress: (bytes) => {
        if (bytes > 6 * mib) half.resolve();
      },
    });
    upload.catch(half.reject);
    let output = '';
    let nextOffset = 0n;
    for await (const { event } of command) {
      if (event.case !== 'output') continue;
      output += Buffer.from(event.value.data).toString();
      nextOffset = event.value.offset + BigInt(event.value.data.length);
      if (output.includes('line 5\n')) break;
    }
    await half.promise;

    await one.killHard();
    leave.abort();
    await upload.catch(() => undefined);

    const goneOn = goOnWithUpload(two.said, token, content);
    for await (const { event } of second.exec('web', { attach: { id: command.id, fromOffset: nextOffset } })) {
      if (event.case === 'output') output += Buffer.from(event.value.data).toString();
    }
    assert.equal(output, Array.from({ length: 40 }, (_, index) => `line ${index}\n`).join(''));

    let state: RunState | undefined;
    for await (const { event } of second.runs.watch(run.id)) if (event.case === 'run') state = event.value.state;
    assert.equal(state, RunState.SUCCEEDED);
    const runOutput: Uint8Array[] = [];
    for await (const piece of second.runs.output(run.id)) runOutput.push(piece);
    assert.equal(Buffer.concat(runOutput).toString(), 'run 1\nrun 2\nrun 3\nrun 4\nrun 5\nrun 6\n');

    const again = second.terminals.open('web', terminal.id);
    const typed = await typeAndSee(again, [
      ['', 'kept-42'],
      ['echo more-$((40+3))\n', 'more-43'],
    ]);
    assert.ok(typed.indexOf('kept-42') < typed.indexOf('more-43'));

    const { offset, written } = await goneOn;
    assert.ok(offset > mib && offset < content.length, `it resumed at ${offset}`);
    assert.deepEqual(written, { bytes: content.length, sha256: createHash('sha256').update(content).digest('hex') });

    one = await startControl(bySocket, one.said.replace('http://', ''));
    assert.equal((await first.vms.listVms({})).vms.length, 1);
  });

  it('two control planes and a node keep one unbroken audit', async () => {
    const names = Array.from({ length: 60 }, (_, index) => `nobody-${index}`);
    const local = createClient({ socketPath: join(dataPath, 'innkeeper.sock') });
    const clients = [first, second, local];
    await Promise.allSettled(
      names.map((vm, index) => {
        const client = clients[index % 3] ?? local;
        return index % 2 === 0 ? client.vms.killVm({ vm }) : client.access.deleteUser({ name: vm });
      }),
    );
    const [a, b] = await Promise.all([first.audit.verifyAudit({}), second.audit.verifyAudit({})]);
    assert.equal(a.brokenAtId, undefined);
    assert.deepEqual([a.entries, a.entries >= 60n], [b.entries, true]);
  });

  it('a session of the first control plane is valid at the second, until logout', async () => {
    const link = await first.access.createLoginLink({});
    const secret = link.path.split('#')[1] ?? '';
    const login = await post(one.said, 'AccessService/LoginWithLink', { secret }, {});
    const cookie = String(login.headers.get('set-cookie')).split(';', 1)[0] ?? '';
    const { csrfToken } = (await login.json()) as { csrfToken: string };
    const session = { cookie, 'x-innkeeper-csrf': csrfToken };
    assert.equal((await post(two.said, 'VmService/ListVms', {}, session)).status, 200);
    const socket = new WebSocket(`${two.said.replace('http', 'ws')}/v1/live`, {
      headers: { cookie, origin: two.said },
    });
    await once(socket, 'open');
    const closed = once(socket, 'close');
    const sinceMs = performance.now();
    assert.equal((await post(one.said, 'AccessService/Logout', { everywhere: true }, session)).status, 200);
    assert.equal((await post(two.said, 'VmService/ListVms', {}, session)).status, 401);
    assert.equal((await closed)[0], 1011);
    assert.ok(performance.now() - sinceMs < 8_000);
  });

  it('only control planes with a certificate of the node’s CA can connect to it', async () => {
    const other = mkdtempSync(join(folder, 'other-'));
    const strange = makeCertificates(other);
    const { hostname: host, port } = new URL(nodeAddress);
    const health = async ([cert = '', key = '']: readonly string[], ca: string): Promise<string> => {
      const [shown, itsKey, trusted] = [cert, key, ca].map((path) => readFileSync(path, 'utf8'));
      assert.ok(shown !== undefined && itsKey !== undefined && trusted !== undefined);
      const tls = { cert: shown, key: itsKey, ca: trusted };
      using link = new NodeLink({ address: { kind: 'https', host, port: Number(port) }, tls, log: silentLog });
      return await nodeHealth(link);
    };
    assert.equal(await health(certificates.control, certificates.ca), 'ok');
    assert.equal(await health(strange.control, certificates.ca), 'unreachable');
    assert.equal(await health(certificates.control, strange.ca), 'unreachable');
    // A server certificate is not valid for control planes.
    assert.equal(await health(certificates.node, certificates.ca), 'unreachable');
    await assert.rejects(fetch(nodeAddress.replace('https:', 'http:')));
    await assert.rejects(fetch(nodeAddress));
  });

  it('control planes report an unreachable node, and continue when it is back', async () => {
    const command = second.exec('web', {
      start: { argv: ['/bin/sh', '-c', 'i=0; while [ $i -lt 60 ]; do echo $i; i=$((i+1)); sleep 0.1; done'] },
    });
    let output = '';
    let killed: Promise<void> | undefined;
    for await (const { event } of command) {
      if (event.case === 'output') output += Buffer.from(event.value.data).toString();
      if (killed !== undefined || !output.includes('5\n')) continue;
      killed = (async () => {
        await node.killHard();
        assert.equal(await reasonOf(first.vms.listVms({})), 'NODE_UNREACHABLE');
        assert.equal(await reasonOf(second.vms.startVm({ vm: 'web' })), 'NODE_UNREACHABLE');
        const health = await fetch(`${two.said}/healthz`);
        assert.deepEqual(
          [health.status, await health.json()],
          [200, { status: 'degraded', database: 'ok', node: 'unreachable' }],
        );
        node = await startNode();
      })();
    }
    await killed;
    assert.equal(output, Array.from({ length: 60 }, (_, index) => `${index}\n`).join(''));
    assert.equal((await first.vms.listVms({})).vms[0]?.name, 'web');
    await until(
      async () => ((await (await fetch(`${one.said}/healthz`)).json()) as { status: string }).status === 'ok',
    );
  });

  it('control planes report an unreachable database, and continue when it is back', async () => {
    await postgres.stop();
    for (const client of [first, second]) assert.equal(await reasonOf(client.vms.listVms({})), 'DATABASE_UNREACHABLE');
    await until(async () => (await fetch(`${one.said}/healthz`)).status === 503);
    await postgres.start();
    await until(
      async () => (await first.vms.listVms({})).vms.length === 1 && (await second.vms.listVms({})).vms.length === 1,
    );
    await until(async () => (await fetch(`${two.said}/healthz`)).status === 200);
    assert.equal((await second.audit.verifyAudit({})).brokenAtId, undefined);
  });
});

async function runs(client: InnkeeperClient): Promise<boolean> {
  for await (const { event } of client.exec('web', { start: { argv: ['/bin/true'] } })) {
    if (event.case === 'exited') return true;
  }
  return false;
}

async function reasonOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
    return '';
  } catch (error) {
    return isOperationError(error) ? error.reason : String(error);
  }
}

async function* pieces(content: Uint8Array, offset: number): AsyncGenerator<Uint8Array> {
  for (let at = offset; at < content.length; at += 64 * 1024) yield content.subarray(at, at + 64 * 1024);
}

/** Sends the rest of an interrupted upload. */
async function goOnWithUpload(
  base: string,
  secret: string,
  content: Buffer<ArrayBuffer>,
): Promise<{ readonly offset: number; readonly written: unknown }> {
  const url = `${base}/v1/vms/web/files?path=/root/upload&upload=replicas&size=${content.length}`;
  const headers = { authorization: `Bearer ${secret}` };
  // The guest keeps writing until the node has noticed that the first control plane is gone.
  const offset = await until(async () => {
    const head = await fetch(url, { method: 'HEAD', headers });
    return Number(head.headers.get('x-innkeeper-offset') ?? 0) || undefined;
  });
  const answer = await fetch(`${url}&offset=${offset}`, { method: 'PUT', headers, body: content.subarray(offset) });
  return { offset, written: await answer.json() };
}

/** Types each line once the terminal was drawn and has shown the result of the previous line; then disconnects. */
async function typeAndSee(
  stream: ReturnType<InnkeeperClient['terminals']['open']>,
  lines: readonly (readonly [typed: string, shown: string])[],
): Promise<string> {
  const left = [...lines];
  let shown = '';
  let wanted: string | undefined;
  for await (const event of stream) {
    if (event.type !== 'screen' && event.type !== 'output') continue;
    shown += Buffer.from(event.data).toString();
    while (wanted === undefined || shown.includes(wanted)) {
      const [typed = '', next] = left.shift() ?? [];
      if (next === undefined) return shown;
      if (typed !== '') stream.write(typed);
      wanted = next;
    }
  }
  return assert.fail(`the terminal ended without "${wanted}"`);
}

async function fleet(base: string, secret: string): Promise<{ vms: number }> {
  const socket = new WebSocket(`${base.replace('http', 'ws')}/v1/live`, {
    headers: { authorization: `Bearer ${secret}` },
  });
  await once(socket, 'open');
  socket.send(toBinary(LiveRequestSchema, create(LiveRequestSchema, { id: 1, request: { case: 'fleet', value: {} } })));
  const [data] = (await once(socket, 'message')) as [Buffer];
  socket.close();
  const { event } = fromBinary(LiveEventSchema, data);
  assert.ok(event.case === 'fleet');
  return { vms: event.value.vms };
}

async function post(base: string, method: string, body: object, headers: Record<string, string>): Promise<Response> {
  return await fetch(`${base}/innkeeper.control.v1.${method}`, {
    method: 'POST',
    headers: { ...headers, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
}
