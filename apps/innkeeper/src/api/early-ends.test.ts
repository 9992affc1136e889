import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { after, before, describe, it } from 'node:test';
import { type ServedApi, serveApi } from './testing/serve-api.ts';

/**
 * Does something `times` times in a process of its own, as `inn` is, and prints how often each reason was reported. `one` gets
 * a client and a count.
 */
const program = (one: string, times: number): string => `
  import { createClient } from '@innkeeper/client';
  const client = createClient({ socketPath: process.env.SOCKET });
  const one = ${one};
  const reasons = {};
  for (let count = 0; count < ${times}; count++) {
    let reason = 'none';
    try {
      await one(client, count);
    } catch (error) {
      reason = error.reason ?? String(error);
    }
    reasons[reason] = (reasons[reason] ?? 0) + 1;
  }
  console.log(JSON.stringify(reasons));
`;

describe('a call that ends at once', { timeout: 600_000 }, () => {
  let api: ServedApi;
  before(async () => {
    api = await serveApi({});
  });
  after(() => api[Symbol.asyncDispose]());

  /** The reasons of so many calls. */
  const reasonsOf = async (times: number, one: string): Promise<unknown> => {
    const child = spawn(process.execPath, ['--input-type=module', '-e', program(one, times)], {
      cwd: import.meta.dirname,
      env: { ...process.env, SOCKET: api.socketPath },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    return JSON.parse((await child.stdout.toArray()).join(''));
  };

  it('500 image imports that fail report their own reason 500 times', async () => {
    const one = `async (client, count) => {
      const { id } = await client.images.addImage({ name: 'i' + count, path: '/missing' });
      await client.operations.wait(id);
    }`;
    assert.deepEqual(await reasonsOf(500, one), { IMAGE_UNREADABLE: 500 });
  });

  it('100 uploads that are refused before their body is read report their own reason 100 times', async () => {
    const one = `(client, count) => {
      const source = async function* () {
        for (let left = 20; left > 0; left--) yield new Uint8Array(50_000);
      };
      const uploadId = count % 2 === 0 ? undefined : 'u' + count;
      return client.files.write('none', '/f', { source, uploadId, sizeBytes: 1_000_000 });
    }`;
    assert.deepEqual(await reasonsOf(100, one), { VM_NOT_FOUND: 100 });
  });

  it('100 calls that are too large report that 100 times', async () => {
    const one = `(client) => client.images.addImage({ name: 'x'.repeat(5_000_000) })`;
    assert.deepEqual(await reasonsOf(100, one), { REQUEST_TOO_LARGE: 100 });
  });

  it('100 commands that are refused report their own reason 100 times', async () => {
    const one = `async (client) => {
      const stream = client.exec('none', { start: { argv: ['x'.repeat(100_000)] } });
      for await (const _ of stream) break;
    }`;
    assert.deepEqual(await reasonsOf(100, one), { VM_NOT_FOUND: 100 });
  });
});
