import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AgentState, DiagnosisOutcome, OperationState, RunState, VmState } from '@innkeeper/contract/control';
import { type Command, Help } from 'commander';
import { callError, type FakeHandlers, startFakeDaemon } from '../../../packages/client/src/testing/fake-daemon.ts';
import { loadCommands, usageOf } from './lazy-commands.ts';
import { buildProgram } from './program.ts';
import { resultOf, runInn, spawnInn } from './testing/run-inn.ts';

const evil = 'evil\u001b[2J\u009b31m\r\nforged';
const vm = {
  id: '00000000-0000-4000-8000-000000000001',
  name: 'hello',
  state: VmState.RUNNING,
  image: 'tiny',
  cpus: 2,
  agent: { state: AgentState.ABSENT, detail: evil, nextStep: evil },
  system: { osPrettyName: evil, hostname: evil },
  telemetry: {
    users: [{ name: evil }],
    mounts: [{ mountPoint: evil, filesystem: evil, usedBytes: 1n, availableBytes: 1n, totalBytes: 2n }],
    primaryAddresses: [{ address: evil, reason: evil }],
  },
};
const done = { id: 'op', kind: 'vm.start', target: 'hello', state: OperationState.SUCCEEDED };
const hostileTarget = { vmName: 'hello', state: RunState.FAILED, errorReason: 'GUEST_IO', errorMessage: evil };
const hostileRun = {
  id: 'r',
  user: evil,
  state: RunState.FAILED,
  targets: [hostileTarget, hostileTarget],
  spec: { title: evil, argv: [evil], workingDirectory: evil, user: evil, interpreter: evil },
};
const handlers: FakeHandlers = {
  vms: {
    listVms: () => ({ vms: [vm], total: 1 }),
    getVm({ vm: name }) {
      if (name !== 'hello') throw callError('VM_NOT_FOUND', `There is no VM named "${name}".`);
      return vm;
    },
    async *watchVm() {
      yield vm;
    },
    updateVm: ({ vm: name, autostart }) => ({ ...vm, name, autostart: autostart === true }),
    startVm: () => ({ ...done, state: OperationState.RUNNING }),
    deleteVm({ vm: name }) {
      throw callError('VM_BUSY', `${name} is busy.`);
    },
    listEvents: () => ({
      events: [{ id: 1n, timeUnixNs: 1n, vmId: vm.id, kind: 'vm.started', message: evil, count: 37 }],
    }),
    diagnose: () => ({ steps: [{ name: 'agent', outcome: DiagnosisOutcome.FAILED, detail: evil, nextStep: evil }] }),
  },
  images: { listImages: () => ({ images: [{ name: 'tiny', agentReason: evil }] }) },
  operations: {
    listOperations: () => ({ operations: [{ ...done, stage: evil }] }),
    getOperation: () => ({ ...done, log: [evil], errorMessage: evil, errorNextStep: evil }),
    async *watchOperation() {
      yield { ...done, state: OperationState.RUNNING, stage: evil, progress: 0.5 };
      yield done;
    },
  },
  runs: {
    listRuns: () => ({ runs: [hostileRun] }),
    getRun: () => hostileRun,
    async *watchRun() {
      yield { event: { case: 'run', value: hostileRun } };
    },
  },
  node: {
    getNode: () => ({ version: '1', accelerator: 'tcg', acceleratorReason: evil }),
    listNodes: () => ({ nodes: [{ id: 'n', name: evil, version: evil, accelerator: 'tcg', dataDirectory: evil }] }),
  },
};

/** The names of all commands, each after those of its groups. */
function verbs(command: Command, words: readonly string[] = []): (readonly string[])[] {
  return command.commands.flatMap((each) => [[...words, each.name()], ...verbs(each, [...words, each.name()])]);
}

describe('inn', () => {
  it('every command has help, with exit code 0 and nothing on standard error', async () => {
    const all = verbs(buildProgram());
    assert.ok(all.length > 20);
    for (const words of all.filter(([first]) => first !== 'help')) {
      let text = '';
      const program = buildProgram();
      const each = words.reduce((at, word) => at.commands.find((one) => one.name() === word) ?? at, program);
      each.configureOutput({
        writeOut(out) {
          text += out;
        },
      });
      await assert.rejects(program.parseAsync([...words, '--help'], { from: 'user' }), { exitCode: 0 });
      assert.match(text, new RegExp(`^Usage: inn ${words.join(' ')}`));
      assert.ok(each.description() !== '');
    }
    const { exitCode, stdout, stderr } = await runInn('/nonexistent', ['exec', 'x', '--help']);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /--workdir/);
  });

  it('the help of a group lists each command as its own file declares it', async () => {
    const program = buildProgram();
    const leaves = (command: Command): Command[] =>
      command.commands.flatMap((each) => (each.commands.length === 0 ? [each] : leaves(each)));
    const listed = leaves(program).map(usageOf);
    await loadCommands(program);
    const declared = leaves(program).map((each) => new Help().subcommandTerm(each));
    assert.deepEqual(listed, declared);
  });

  it('inn help COMMAND prints the options of the command, which are loaded for it', async () => {
    assert.match((await runInn('/nonexistent', ['help', 'ls'])).stdout, /^Usage: inn ls[\s\S]*--filter/);
    assert.match((await runInn('/nonexistent', ['runs', 'help', 'ls'])).stdout, /^Usage: inn runs ls[\s\S]*--by/);
  });

  it('a usage error exits with 2, and a misspelt command is suggested', async () => {
    const typo = await runInn('/nonexistent', ['shwo']);
    assert.equal(typo.exitCode, 2);
    assert.match(typo.stderr, /Did you mean show\?/);
    for (const words of [
      ['ls', '--no-such'],
      ['ls', '-o', 'xml'],
      ['show'],
      ['create', 'x'],
      ['create', 'x', '--image', 'i', '--cpus', '0'],
      ['create', 'x', '--image', 'i', '--memory', 'much'],
      ['cp', 'a', 'b'],
      ['cp', 'hello:x', '.'],
      ['exec', 'hello'],
      ['exec', 'hello', '--no-such', '--', 'true'],
      ['stop', 'hello', '--timeout', 'soon'],
      ['rm', 'hello'],
      ['set', 'hello'],
      ['set', 'hello', '--autostart', 'yes'],
      ['events', '-n', '0'],
      ['completion', 'tcsh'],
      ['token', 'create', 'ci'],
    ]) {
      const { exitCode, stdout, stderr } = await runInn('/nonexistent', words);
      assert.deepEqual([exitCode, stdout], [2, ''], words.join(' '));
      assert.match(stderr, /^error: /);
    }
  });

  it('without a daemon, inn prints how to start one; with -o json as JSON', async () => {
    const plain = await runInn('/nonexistent/innkeeper.sock', ['ls']);
    assert.equal(plain.exitCode, 1);
    assert.match(plain.stderr, /^error: No daemon answers on .*\(DAEMON_UNREACHABLE\)\n {7}Start it with/);
    const json = await runInn('/nonexistent/innkeeper.sock', ['ls', '-o', 'json']);
    const { error } = JSON.parse(json.stderr);
    assert.deepEqual([json.stdout, error.reason, error.code], ['', 'DAEMON_UNREACHABLE', 'unavailable']);
    assert.match(error.nextStep, /innkeeper serve/);
  });

  it('names the inn command that helps after an error of the daemon', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const missing = await runInn(daemon.socketPath, ['show', 'nothing']);
    assert.match(missing.stderr, /\(VM_NOT_FOUND\)\n {7}.* Try "inn ls"\.\n/);
  });

  it('token create requires privileges, and says when the token expires', async () => {
    const asked: unknown[] = [];
    await using daemon = await startFakeDaemon({
      access: {
        createToken(request) {
          asked.push(request.privileges);
          return { secret: 'ink_x', token: { id: 't1', expiresUnixNs: 1_900_000_000_000_000_000n } };
        },
      },
    });
    const none = await runInn(daemon.socketPath, ['token', 'create', 'ci']);
    assert.deepEqual([none.exitCode, asked], [2, []]);
    assert.match(none.stderr, /--privilege/);
    const made = await runInn(daemon.socketPath, ['token', 'create', 'ci', '--privilege', 'vm.view']);
    assert.deepEqual([made.stdout, asked], ['ink_x\n', [['vm.view']]]);
    assert.match(made.stderr, /it expires on 2030-/);
  });

  it('no command prints control characters from a guest, in any format', async () => {
    await using daemon = await startFakeDaemon(handlers);
    for (const words of [
      ...['table', 'wide', 'json', 'yaml', 'name', 'csv'].map((form) => ['ls', '-o', form]),
      ['show', 'hello'],
      ['show', 'hello', '-o', 'json'],
      ['start', 'hello'],
      ['top'],
      ['events'],
      ['events', '-o', 'csv'],
      ['doctor'],
      ['doctor', 'hello'],
      ['image', 'ls'],
      ['node', 'ls'],
      ['node', 'ls', '-o', 'wide'],
      ['op', 'ls'],
      ['op', 'show', 'op'],
      ['runs', 'ls'],
      ['runs', 'show', 'r'],
      ['runs', 'follow', 'r', '-o', 'json'],
    ]) {
      const { stdout, stderr } = await runInn(daemon.socketPath, words);
      assert.ok(stdout !== '', words.join(' '));
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      assert.doesNotMatch(stdout + stderr, /[\u0000-\u0009\u000b-\u001f\u007f-\u009f]/, words.join(' '));
      assert.doesNotMatch(stdout, /^forged/m);
    }
  });

  it('inn events prints a repeated event once, with its count', async () => {
    await using daemon = await startFakeDaemon(handlers);
    assert.match((await runInn(daemon.socketPath, ['events'])).stdout, /vm\.started ×37 .*\(first /);
  });

  it('-o json prints the API’s own object, and nothing else on standard output', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const [one] = JSON.parse((await runInn(daemon.socketPath, ['ls', '-o', 'json'])).stdout);
    assert.deepEqual(
      [one.name, one.state, one.cpus, one.agent.state],
      ['hello', 'VM_STATE_RUNNING', 2, 'AGENT_STATE_ABSENT'],
    );
    assert.equal(one.agent.detail, evil);
    assert.equal((await runInn(daemon.socketPath, ['ls', '-o', 'name'])).stdout, 'hello\n');
    const chosen = await runInn(daemon.socketPath, ['ls', '--columns', 'name,cpus', '--no-headers']);
    assert.equal(chosen.stdout, 'hello  2\n');
    assert.equal((await runInn(daemon.socketPath, ['ls', '--columns', 'nmae'])).exitCode, 2);
  });

  it('an empty list prints what to do first, and an empty array with -o json', async () => {
    await using daemon = await startFakeDaemon({ vms: { listVms: () => ({ vms: [] }) } });
    const empty = await runInn(daemon.socketPath, ['ls']);
    assert.deepEqual([empty.exitCode, empty.stdout], [0, '']);
    assert.match(empty.stderr, /inn create hello --image tiny --start/);
    assert.equal((await runInn(daemon.socketPath, ['ls', '-o', 'json'])).stdout, '[]\n');
    assert.equal((await runInn(daemon.socketPath, ['ls', 'hello'])).exitCode, 3);
  });

  it('a misspelt VM is suggested, with exit code 3', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const { exitCode, stderr } = await runInn(daemon.socketPath, ['show', 'helo']);
    assert.equal(exitCode, 3);
    assert.match(stderr, /There is no VM named "helo"\. \(VM_NOT_FOUND\)\n {7}Did you mean "hello"\?/);
  });

  it('errors and failed diagnoses have their exit codes', async () => {
    await using daemon = await startFakeDaemon(handlers);
    assert.equal((await runInn(daemon.socketPath, ['rm', '-y', 'hello'])).exitCode, 5);
    assert.equal((await runInn(daemon.socketPath, ['doctor', 'hello'])).exitCode, 6);
  });

  it('inn stop says that a guest was killed and exits with 7, after stopping the others', async () => {
    const note = 'note: killed: The guest did not shut down in time (30 s). Allow more time: "inn stop --timeout 2m".';
    const ended = (target: string) => ({ id: target, target, kind: 'vm.stop', state: OperationState.SUCCEEDED });
    const result = (target: string) => Object.assign(ended(target), { log: target === 'slow' ? [note] : [] });
    await using daemon = await startFakeDaemon({
      vms: { stopVm: ({ vm: name }) => ended(name) },
      operations: {
        getOperation: ({ id }) => result(id),
        async *watchOperation({ id }) {
          yield result(id);
        },
      },
    });
    const { exitCode, stdout, stderr } = await runInn(daemon.socketPath, ['stop', 'slow', 'hello']);
    assert.deepEqual([exitCode, stdout], [7, 'slow is killed.\nhello is stopped.\n']);
    assert.match(stderr, /^note: killed: .*--timeout/);
  });

  it('inn ls, inn top and inn show call a VM whose guest panicked "panicked"', async () => {
    const detail = 'The guest’s kernel panicked: VFS: Unable to mount root fs';
    const vm = { name: 'sad', state: VmState.RUNNING, panicked: true, stateDetail: detail };
    await using daemon = await startFakeDaemon({ vms: { getVm: () => vm, listVms: () => ({ vms: [vm], total: 1 }) } });
    for (const command of ['ls', 'top'])
      assert.match((await runInn(daemon.socketPath, [command])).stdout, /\nsad +panicked /, command);
    assert.match((await runInn(daemon.socketPath, ['show', 'sad'])).stdout, /state +panicked: The guest’s kernel/);
  });

  it('inn show names a wrong clock, a damaged file system and what a report leaves out', async () => {
    const mount = { mountPoint: '/', filesystem: 'ext4', readOnly: true, errorsCount: 2n };
    const sick = {
      name: 'sick',
      agent: { state: AgentState.CONNECTED, clockOffsetNs: -90_000_000_000n },
      telemetry: { mounts: [mount], mountsOmitted: 7, interfacesOmitted: 44 },
    };
    await using daemon = await startFakeDaemon({ vms: { getVm: () => sick } });
    const { stdout } = await runInn(daemon.socketPath, ['show', 'sick']);
    assert.match(stdout, /clock +90\.0 s behind its host/);
    assert.match(stdout, /\/ +ext4 .* read-only, 2 file system errors: check it with fsck/);
    assert.match(stdout, /7 more mounts \(the fullest are shown\), 44 more interfaces/);
  });

  it('inn set switches autostart of several VMs, and inn show prints it', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const { stdout } = await runInn(daemon.socketPath, ['set', 'a', 'b', '--autostart', 'on']);
    assert.equal(stdout, 'a: autostart is on.\nb: autostart is on.\n');
    assert.match((await runInn(daemon.socketPath, ['show', 'hello'])).stdout, /autostart +off/);
    const { stdout: table } = await runInn(daemon.socketPath, ['ls', '--columns', 'name,autostart', '--no-headers']);
    assert.match(table, /^hello +off\n$/);
  });

  it('inn prints no progress and no colours if standard error is not a terminal', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const { stdout, stderr, exitCode } = await runInn(daemon.socketPath, ['start', 'hello']);
    assert.deepEqual([exitCode, stderr], [0, '']);
    assert.match(stdout, /^hello runs without an agent/);
    const bare = await runInn(daemon.socketPath, ['show', 'none'], { environment: { NO_COLOR: '1' } });
    assert.ok(!bare.stderr.includes('\u001b'));
  });

  it('inn exits with 141 and without a message if its reader closes the pipe', async () => {
    const vms = Array.from({ length: 20_000 }, (_, index) => ({ name: `vm-${index}`, image: 'tiny' }));
    await using daemon = await startFakeDaemon({ vms: { listVms: () => ({ vms }) } });
    const child = spawnInn(daemon.socketPath, ['ls']);
    const result = resultOf(child);
    child.stdout.once('data', () => child.stdout.destroy());
    const { exitCode, stderr } = await result;
    assert.deepEqual([exitCode, stderr], [141, '']);
  });

  it('inn finds the socket through --socket, --data, the environment and the data folder', async () => {
    await using daemon = await startFakeDaemon(handlers);
    const run = (words: readonly string[], environment: Record<string, string>) =>
      runInn('', ['ls', '-o', 'name', ...words], {
        environment: { INNKEEPER_SOCKET: daemon.socketPath, ...environment },
      });
    assert.equal((await run([], {})).stdout, 'hello\n');
    assert.equal((await run(['--socket', '/nonexistent'], {})).exitCode, 2);
    const before = await runInn('/nonexistent', ['--socket', daemon.socketPath, 'ls', '-o', 'name']);
    assert.equal(before.stdout, 'hello\n');
    const words = ['--data', daemon.folder, 'ls', '-o', 'name'];
    assert.equal((await runInn('', words)).stdout, 'hello\n');
    assert.equal((await runInn('/nonexistent', words)).stdout, 'hello\n');
  });
});
