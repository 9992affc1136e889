import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, constants, openSync } from 'node:fs';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { type AgentLink, createAgentLink, openUnixChannel } from '@innkeeper/agent-client';
import { until } from '@innkeeper/kit/testing';
import { agentBinary, buildAgent } from '../testing/running-agent.ts';

before(buildAgent, { timeout: 120_000 });

/** More lines than a pipe and the agent's queue hold. */
const manyCommands = 1600;

describe('an agent whose standard error takes nothing', { timeout: 120_000 }, () => {
  it('keeps answering while the disk of the file that it logs to hangs, and loses no line that was taken', async () => {
    await using at = await folder();
    const path = join(at.path, 'agent.log');
    const file = openSync(path, 'a');
    const agent = serve(at.path, file);
    closeSync(file);
    await until(async () => (await readFile(path, 'utf8')).includes('agent.started'));
    const [writer] = (await readFile(`/proc/${agent.pid}/task/${agent.pid}/children`, 'latin1')).trim().split(' ');
    assert.ok(Number(writer) > 1, 'a process of its own writes to the file');
    // As one that waits for its disk.
    process.kill(Number(writer), 'SIGSTOP');
    await using link = await connect(at.path);
    await runMany(link);
    const meanwhile = await readFile(path, 'utf8');
    process.kill(Number(writer), 'SIGCONT');
    await until(async () => /log\.dropped count=\d+/.test(await readFile(path, 'utf8')));
    assert.equal((await readFile(path, 'utf8')).startsWith(meanwhile), true);
    const ended = once(agent, 'exit');
    agent.kill('SIGTERM');
    await ended;
    await until(async () => !(await isAlive(Number(writer))));
  });

  it('keeps answering while nobody reads the pipe that it shares with who started it, and leaves that as it was', async () => {
    await using at = await folder();
    const fifo = join(at.path, 'fifo');
    execFileSync('mkfifo', [fifo]);
    // Both ends, so that opening it does not wait; blocking, as a shell has it.
    const pipe = openSync(fifo, constants.O_RDWR);
    const agent = serve(at.path, pipe);
    await using link = await connect(at.path);
    await runMany(link);
    const flags = async (pid: number, fd: number): Promise<number> =>
      Number.parseInt(/^flags:\s+(\d+)/m.exec(await readFile(`/proc/${pid}/fdinfo/${fd}`, 'latin1'))?.[1] ?? '', 8);
    assert.notEqual((await flags(agent.pid ?? 0, 2)) & constants.O_NONBLOCK, 0, 'also for what its C code says');
    assert.equal((await flags(process.pid, pipe)) & constants.O_NONBLOCK, 0);
    const ended = once(agent, 'exit');
    agent.kill('SIGTERM');
    await ended;
    closeSync(pipe);
  });
});

async function folder(): Promise<AsyncDisposable & { readonly path: string }> {
  const path = await mkdtemp(join(tmpdir(), 'agent-'));
  return { path, [Symbol.asyncDispose]: () => rm(path, { recursive: true, force: true }) };
}

function serve(path: string, standardError: number): ChildProcess {
  const words = ['serve', '--no-virtio', '--log-level', 'debug', '--listen', `unix:${join(path, 'a.sock')}`];
  return spawn(agentBinary, words, { stdio: ['ignore', 'ignore', standardError] });
}

async function connect(path: string): Promise<AgentLink> {
  await until(async () => (await readdir(path)).includes('a.sock'));
  return createAgentLink({
    connect: (signal) => openUnixChannel(join(path, 'a.sock'), { signal }),
    identity: { vmId: 'v', vmName: 'v', nodeVersion: '1' },
    mayStepClock: false,
    telemetryIntervalMs: 0,
  });
}

/** Each is some 100 bytes of log. */
async function runMany(link: AgentLink): Promise<void> {
  for (let count = 0; count < manyCommands; count++) {
    await using session = link.exec({ argv: ['/bin/true'] });
    for await (const { event } of session.events) if (event.case === 'exited') break;
  }
}

async function isAlive(pid: number): Promise<boolean> {
  const text = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return text !== '' && !/\) Z/.test(text);
}
