import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { until } from '@innkeeper/kit/testing';
import { agentBinary, buildAgent } from '../testing/running-agent.ts';

before(buildAgent, { timeout: 120_000 });

describe('an agent whose standard error is a terminal', { timeout: 120_000 }, () => {
  it('an agent keeps answering while its terminal is stopped by ^S, and logs what it dropped after ^Q', async (t) => {
    if (spawnSync('script', ['--version']).status !== 0) return t.skip('the program "script" is not installed');
    const folder = await mkdtemp(join(tmpdir(), 'agent-'));
    const socket = join(folder, 'a.sock');
    const serve = `'${agentBinary}' serve --no-virtio --log-level debug --listen unix:${socket}`;
    const child = spawn('script', ['-qec', `stty ixon; exec ${serve}`, '/dev/null']);
    const closed = once(child, 'close');
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => {
      text += more;
    });
    await until(async () => (await readdir(folder)).includes('a.sock') && text.includes('agent.started'));
    child.stdin.write('\x13');
    const link = createAgentLink({
      connect: (signal) => openUnixChannel(socket, { signal }),
      identity: { vmId: 'v', vmName: 'v', nodeVersion: '1' },
      mayStepClock: false,
      telemetryIntervalMs: 0,
    });
    try {
      await link.ping();
      const before = text.length;
      // Each logs about 100 bytes: in total more than the terminal, the pipe and the agent's queue hold.
      for (let count = 0; count < 400; count++) {
        await using session = link.exec({ argv: ['/bin/true'] });
        for await (const { event } of session.events) if (event.case === 'exited') break;
      }
      assert.equal(text.slice(before).includes('exec.started'), false, 'the terminal was not stopped');
      child.stdin.write('\x11');
      await until(() => /log\.dropped count=\d+/.test(text));
    } finally {
      await link[Symbol.asyncDispose]();
      child.stdin.write('\x03');
      await closed;
      await rm(folder, { recursive: true, force: true });
    }
  });
});
