import assert from 'node:assert/strict';
import { it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, type Program, realClock } from '@innkeeper/agent-core/fake';
import { createClient } from '@innkeeper/client';
import { silentLog } from '@innkeeper/kit';
import { serveApi } from './testing/serve-api.ts';

/** The guest's remaining timers do not keep the test process running. */
const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** Fills the screen and inserts lines repeatedly: few bytes that cause much work. */
const expensive: Program = async ({ write }) => {
  await write('started');
  const piece = '\x1b[1;1H\x1b[50L\x1b[2J\x1b#8'.repeat(4000);
  for (;;) await write(piece);
};

it('terminals full of expensive sequences do not delay stopping the daemon', { timeout: 120_000 }, async () => {
  const guest = new FakeHost({ clock: unrefClock, programs: { '/usr/bin/expensive': expensive } });
  const agent = createAgent(guest, silentLog);
  await using api = await serveApi({
    startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
  });
  await api.createVm('one');
  const client = createClient({ socketPath: api.socketPath });
  for (let count = 0; count < 8; count++)
    await client.terminals.create('one', { argv: ['expensive'], columns: 500, rows: 200 });
  const beganMs = performance.now();
  await api.terminals[Symbol.asyncDispose]();
  const tookMs = performance.now() - beganMs;
  assert.ok(tookMs < 5000, `${tookMs} ms`);
});
