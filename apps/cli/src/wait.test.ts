import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentState, OperationState, VmState } from '@innkeeper/contract/control';
import { startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { runInn } from './testing/run-inn.ts';

const answering = { name: 'one', state: VmState.RUNNING, agent: { state: AgentState.CONNECTED } };

describe('inn wait, restart and version', () => {
  it('inn wait waits for all named VMs, and exits with 7 after the timeout', async () => {
    await using daemon = await startFakeDaemon({
      vms: {
        async *watchVm(_, { signal }) {
          yield answering;
          await new Promise((resolve) => signal.addEventListener('abort', resolve));
        },
      },
    });
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, ['wait', 'one', 'two']);
    assert.deepEqual([exitCode, stdout, stderr], [0, '', '']);
    const late = await runInn(daemon.socketPath, ['wait', 'one', '--for', 'stopped', '--timeout', '50ms']);
    assert.equal(late.exitCode, 7);
    assert.match(late.stderr, /one: not stopped within 0\.05 s/);
    assert.equal((await runInn(daemon.socketPath, ['wait', 'one', '--for', 'ever'])).exitCode, 2);
  });

  it('inn restart stops the VM, then starts it', async () => {
    const asked: string[] = [];
    const begin = (what: string) => {
      asked.push(what);
      return { id: what, state: OperationState.RUNNING };
    };
    await using daemon = await startFakeDaemon({
      vms: {
        stopVm: ({ vm, timeoutMs }) => begin(`stop ${vm} ${timeoutMs}`),
        startVm: ({ vm }) => begin(`start ${vm}`),
        async *watchVm() {
          yield answering;
        },
      },
      operations: {
        async *watchOperation({ id }) {
          yield { id, state: OperationState.SUCCEEDED };
        },
      },
    });
    const { exitCode, stdout } = await runInn(daemon.socketPath, ['restart', 'one', '--timeout', '2s']);
    assert.deepEqual([exitCode, asked], [0, ['stop one 2000', 'start one']]);
    assert.match(stdout, /one runs/);
  });

  it('inn restart says that a guest was killed, starts it and the others, and exits with 7', async () => {
    const started: string[] = [];
    const note = 'note: killed: The guest did not shut down in time (2 s). Allow more time: "inn stop --timeout 2m".';
    await using daemon = await startFakeDaemon({
      vms: {
        stopVm: ({ vm }) => ({ id: `stop ${vm}`, state: OperationState.RUNNING }),
        startVm: ({ vm }) => {
          started.push(vm);
          return { id: 'start', state: OperationState.RUNNING };
        },
        async *watchVm() {
          yield answering;
        },
      },
      operations: {
        async *watchOperation({ id }) {
          yield { id, state: OperationState.SUCCEEDED, log: id === 'stop slow' ? [note] : [] };
        },
      },
    });
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, ['restart', 'slow', 'one']);
    assert.deepEqual([exitCode, started], [7, ['slow', 'one']]);
    assert.match(stdout, /^slow was killed, since it did not stop in time\.\none runs/);
    assert.match(stderr, /note: killed: .*--timeout/);
  });

  it('inn version prints the versions of inn and the daemon, and its own if no daemon answers', async () => {
    await using daemon = await startFakeDaemon({
      node: { getNode: () => ({ version: '9\u001b[2J', agentVersion: '8' }) },
    });
    const table = await runInn(daemon.socketPath, ['version']);
    assert.match(table.stdout, /^inn {5}\d+\.\d+\.\d+\ndaemon {2}9·\[2J, with agent 8\n$/);
    const json = JSON.parse((await runInn(daemon.socketPath, ['version', '-o', 'json'])).stdout);
    assert.deepEqual(Object.keys(json), ['client', 'daemon']);
    const alone = await runInn('/nonexistent', ['version']);
    assert.equal(alone.exitCode, 1);
    assert.match(alone.stdout, /^inn {5}\d/);
    assert.match(alone.stderr, /DAEMON_UNREACHABLE/);
  });
});
