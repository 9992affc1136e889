import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  type JsonFramesModelOptions,
  startJsonFramesModel,
} from '../../../packages/agent-client/src/links/json-frames/fake/json-frames-model.ts';
import { runInn } from './testing/run-inn.ts';

async function served(options: JsonFramesModelOptions = {}) {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-inn-agent-'));
  const model = await startJsonFramesModel(join(folder, 'agent.sock'), options);
  return {
    model,
    // No daemon has this socket.
    inn: (...words: string[]) => runInn('/nonexistent/daemon.sock', words),
    [Symbol.asyncDispose]: async () => {
      await model[Symbol.asyncDispose]();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

describe('inn --agent', () => {
  it('asks an agent on a unix socket for health, status and a command without a daemon', async () => {
    await using one = await served();
    const agent = `unix:${one.model.path}`;
    assert.match((await one.inn('--agent', agent, 'health')).stdout, /^healthy: json-frames agent on framed /);
    const { stdout } = await one.inn(`--agent=${agent}`, 'status');
    assert.match(stdout, /^cpu +13 %\nmemory +128 MiB of 512 MiB$/m);
    const exec = await one.inn('--agent', agent, 'exec', '--', 'sh', '-c', 'echo out; exit 7');
    assert.deepEqual([exec.stdout, exec.exitCode], ['out\n', 7]);
    assert.equal((await one.inn('--agent', agent, 'exec', '--', '/nope')).exitCode, 127);
  });

  it('configures the network through a hypervisor’s vsock socket', async () => {
    await using one = await served({ vsock: { port: 1024 } });
    const words = ['configure-network', '--ip', '10.0.0.2/24', '--gateway', '10.0.0.1', '--dns', '1.1.1.1,9.9.9.9'];
    const { stdout, stderr } = await one.inn('--agent', `vsock:${one.model.path}`, ...words);
    assert.equal(stdout, 'network configured\n', stderr);
    assert.deepEqual(one.model.asked.at(-1), {
      type: 'configure_network',
      ip: '10.0.0.2/24',
      gateway: '10.0.0.1',
      dns: ['1.1.1.1', '9.9.9.9'],
    });
  });

  it('status ends with an error when an agent that answers sends no figures in time', async () => {
    await using one = await served({
      instead: ({ type }) => (type === 'report_status' ? new Uint8Array(0) : undefined),
    });
    const { stderr, exitCode } = await one.inn('--agent', `unix:${one.model.path}`, 'status');
    assert.match(stderr, /sent no figures within 20 s/);
    assert.notEqual(exitCode, 0);
  });

  it('says that an address is wrong', async () => {
    await using one = await served();
    assert.match((await one.inn('--agent', 'tcp:x', 'health')).stderr, /INVALID_ARGUMENT/);
  });
});
