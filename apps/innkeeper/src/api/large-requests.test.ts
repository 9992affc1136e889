import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { createClient, type InnkeeperClient } from '@innkeeper/client';
import { silentLog } from '@innkeeper/kit';
import { httpCall } from './testing/http-call.ts';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

/** Timers left over in the guest do not keep the test alive. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

const text = (bytes: number): string => 'x'.repeat(bytes);

async function* content(): AsyncGenerator<Uint8Array> {
  yield new Uint8Array(10);
}

describe('requests that are large', { timeout: 120_000 }, () => {
  let api: ServedApi;
  let client: InnkeeperClient;
  before(async () => {
    const agent = createAgent(new FakeHost({ clock: unrefClock }), silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    await api.createVm('one');
    client = createClient({ socketPath: api.socketPath });
  });
  after(() => api[Symbol.asyncDispose]());

  /** Bytes that a command prints. */
  const printed = async (argv: string[]): Promise<number> => {
    let bytes = 0;
    for await (const { event } of client.exec('one', { start: { argv } }))
      if (event.case === 'output') bytes += event.value.data.length;
    return bytes;
  };

  it('arguments of 2 MB reach the guest, from exec and from a run', async () => {
    assert.equal(await printed(['echo', text(2_000_000)]), 2_000_001);
    const { id } = await client.runs.start({
      vms: ['one'],
      argv: ['echo', text(2_000_000)],
      maxOutputBytes: 4_000_000,
    });
    let bytes = 0;
    for await (const { event } of client.runs.watch(id)) if (event.case === 'output') bytes += event.value.data.length;
    assert.equal(bytes, 2_000_001);
  });

  it('arguments of 2 MB reach the guest by execute of the foreign interface; larger ones are refused with both numbers', async () => {
    const execute = async (bytes: number): Promise<Record<string, unknown>> => {
      const body = JSON.stringify({ command: 'echo', args: [text(bytes)] });
      const headers = { 'content-type': 'application/json' };
      const answer = await httpCall(api.socketPath, 'POST', '/api/vms/one/execute', { body, headers });
      return JSON.parse(answer.body.toString()) as Record<string, unknown>;
    };
    const printed = await execute(2_000_000);
    assert.equal(String(printed['stdout']).length, 2_000_001);
    const refused = async (bytes: number): Promise<string> => {
      const { reason, message } = await execute(bytes);
      return `${reason}: ${message}`;
    };
    assert.match(await refused(3_000_000), /^INVALID_ARGUMENT: .*3000\d\d\d bytes; the maximum is 2162688/);
    assert.match(await refused(5_000_000), /^INVALID_ARGUMENT: .*5000\d\d\d bytes; the maximum is 4194304/);
  });

  it('input of 8 MB in one write reaches the command', async () => {
    const stream = client.exec('one', { start: { argv: ['cat'], stdin: true } });
    const written = stream.writeStdin(new Uint8Array(8_000_000)).then(() => stream.endStdin());
    let bytes = 0;
    for await (const { event } of stream) if (event.case === 'output') bytes += event.value.data.length;
    await written;
    assert.equal(bytes, 8_000_000);
  });

  it('a request beyond a limit is refused with the limit, on every path', async () => {
    const tooLong = { reason: 'INVALID_ARGUMENT', message: /30000\d\d bytes; the maximum is 2162688/ };
    await assert.rejects(printed(['echo', text(3_000_000)]), tooLong);
    await assert.rejects(client.terminals.create('one', { argv: ['echo', text(3_000_000)] }), {
      reason: 'INVALID_ARGUMENT',
      message: /3000\d\d\d bytes; the maximum is 2162688/,
    });
    const { id } = await client.runs.start({ vms: ['one'], argv: ['echo', text(3_000_000)] });
    let why: unknown;
    for await (const { event } of client.runs.watch(id))
      if (event.case === 'run') why = [event.value.targets[0]?.errorReason, event.value.targets[0]?.errorMessage];
    assert.match(String(why), /^INVALID_ARGUMENT,.*3000\d\d\d bytes; the maximum is 2162688/);
    await assert.rejects(client.files.stat('one', `/${text(20_000)}`), {
      reason: 'INVALID_PATH',
      message: /20001 bytes; the maximum is 4096/,
    });
    await assert.rejects(client.files.stat('one', `/${text(2_300_000)}`), {
      reason: 'INVALID_ARGUMENT',
      message: /2300\d\d\d bytes; the maximum is 2162688/,
    });
    await assert.rejects(client.vms.getVm({ vm: text(5_000_000) }), {
      reason: 'REQUEST_TOO_LARGE',
      message: /4194304/,
    });
  });

  it('an address that is longer than the daemon reads is refused as too large, in files, archives, calls and sockets', async () => {
    const tooLarge = { reason: 'REQUEST_TOO_LARGE', message: /more than 16384 bytes/ };
    const path = `/${text(20_000)}`;
    await assert.rejects(client.readFile('one', path), tooLarge);
    await assert.rejects(client.writeFile('one', path, { source: content }), tooLarge);
    await assert.rejects(client.files.readTar('one', path), tooLarge);
    await assert.rejects(async () => {
      for await (const _ of client.exec(text(20_000), { start: { argv: ['true'] } })) break;
    }, tooLarge);
    await assert.rejects(client.files.stat(text(20_000), '/'), { reason: 'REQUEST_TOO_LARGE' });
  });
});
