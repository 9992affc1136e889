import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseAgentAddress } from '@innkeeper/contract';
import { until } from '@innkeeper/kit/testing';
import { startAgentMessageModel } from './agent-message/fake/agent-message-model.ts';
import { detectDialect } from './detect-dialect.ts';
import { startJsonFramesModel } from './json-frames/fake/json-frames-model.ts';
import { startQgaModel } from './qga/fake/qga-model.ts';

async function inFolder(work: (path: string) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-detect-'));
  try {
    await work(join(folder, 'agent.sock'));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** By default with more time than an agent of this machine ever takes. */
async function detected(text: string, answerMs = 60_000): Promise<string | undefined> {
  const address = parseAgentAddress(text);
  assert.ok(address.kind === 'unix' || address.kind === 'vsock');
  return await detectDialect(address, { answerMs });
}

describe('what an agent speaks, where nobody said', () => {
  it('is qga on a unix socket whose agent answers its sync', async () => {
    await inFolder(async (path) => {
      await using model = await startQgaModel(path);
      assert.equal(await detected(`unix:${path}`), 'qga');
      await until(() => model.clients === 0);
    });
  });

  it('is json-frames on a unix socket and behind a vsock socket', async () => {
    await inFolder(async (path) => {
      await using plain = await startJsonFramesModel(path);
      // It waits for the rest of what is a very long frame to it.
      assert.equal(await detected(`unix:${plain.path}`, 5_000), 'json-frames');
      await using behind = await startJsonFramesModel(`${path}.vsock`, { vsock: { port: 1024 } });
      assert.equal(await detected(`vsock:${behind.path}`), 'json-frames');
    });
  });

  it('is agent-message on a unix socket whose agent speaks first', async () => {
    await inFolder(async (path) => {
      await using model = await startAgentMessageModel(path);
      assert.equal(await detected(`unix:${model.path}`), 'agent-message');
    });
  });

  it('is not found out where nothing listens, and where nothing answers within the time for each dialect', async () => {
    assert.equal(await detected('unix:/nonexistent/agent.sock'), undefined);
    await inFolder(async (path) => {
      const silent = createServer((socket) => void socket.resume().on('error', () => socket.destroy()));
      await new Promise<void>((resolve) => silent.listen(path, resolve));
      assert.equal(await detected(`unix:${path}`, 50), undefined);
      await new Promise<void>((resolve) => silent.close(() => resolve()));
    });
  });
});
