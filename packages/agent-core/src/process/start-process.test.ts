import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { startFakeAgent } from '../fake/fake-agent.ts';
import { FakeHost } from '../fake/fake-host.ts';
import { HostError } from '../host-error.ts';

interface Spec {
  readonly argv?: string[];
  readonly [field: string]: unknown;
}

/** Starts a command; returns its call. */
async function exec(host: FakeHost, spec: Spec) {
  const { node } = await startFakeAgent(host);
  const call = await node.open(ProcessServiceLite.exec, { input: { case: 'start', value: { id: 'a', ...spec } } });
  const output = call.messages
    .map(({ event }) => (event.case === 'output' ? new TextDecoder().decode(event.value.data) : ''))
    .join('');
  return { reason: call.reason, message: call.answers.end?.message ?? '', output };
}

describe('starting a process', () => {
  it('Exec searches the PATH of the command’s own environment', async () => {
    const host = new FakeHost({ programs: { '/opt/bin/hello': ({ write }) => write('hi').then(() => 0) } });
    assert.equal((await exec(host, { argv: ['hello'] })).reason, 'COMMAND_NOT_FOUND');
    assert.equal((await exec(host, { argv: ['hello'], environment: { PATH: '/nope:/opt/bin' } })).output, 'hi');
    assert.equal((await exec(host, { argv: ['bin/hello'], workingDirectory: '/opt' })).reason, 'COMMAND_NOT_FOUND');
    assert.equal((await exec(host, { argv: ['/opt/bin/hello'] })).output, 'hi');
  });

  it('an empty or relative part of PATH is relative to the working directory', async () => {
    const host = new FakeHost({ programs: { '/opt/bin/hello': ({ write }) => write('hi').then(() => 0) } });
    const relative = { environment: { PATH: '/nope:bin' }, workingDirectory: '/opt' };
    assert.equal((await exec(host, { argv: ['hello'], ...relative })).output, 'hi');
    const empty = { environment: { PATH: ':/nope' }, workingDirectory: '/opt/bin' };
    assert.equal((await exec(host, { argv: ['hello'], ...empty })).output, 'hi');
  });

  it('tells a file that cannot be executed from one that is not there', async () => {
    const host = new FakeHost();
    host.files.put('/usr/bin/data', 'x', { mode: 0o644 });
    host.files.put('/usr/bin/text', 'x', { mode: 0o755 });
    assert.equal((await exec(host, { argv: ['data'] })).reason, 'COMMAND_NOT_EXECUTABLE');
    assert.equal((await exec(host, { argv: ['/usr/bin/data'] })).reason, 'COMMAND_NOT_EXECUTABLE');
    assert.equal((await exec(host, { argv: ['/usr/bin/text'] })).reason, 'COMMAND_NOT_EXECUTABLE');
    assert.equal((await exec(host, { argv: ['/usr/bin'] })).reason, 'COMMAND_NOT_EXECUTABLE');
    assert.equal((await exec(host, { argv: ['/usr/bin/none'] })).reason, 'COMMAND_NOT_FOUND');
  });

  it('Exec refuses invalid specs', async () => {
    const host = new FakeHost();
    const wrong: Spec[] = [
      {},
      { argv: [''] },
      { argv: ['true'], shellCommand: 'true' },
      { argv: ['true', 'a\0b'] },
      { argv: ['true'], id: 'no spaces' },
      { argv: ['true'], environment: { 'A=B': 'c' } },
    ];
    for (const spec of wrong) assert.equal((await exec(host, spec)).reason, 'INVALID_ARGUMENT', JSON.stringify(spec));
    assert.equal(host.processes.spawned.length, 0);
  });

  it('a command starts in the caller’s directory, or at home, or at the root', async () => {
    const host = new FakeHost();
    assert.equal((await exec(host, { argv: ['pwd'] })).output, '/root\n');
    assert.equal((await exec(host, { argv: ['pwd'], user: 'ana' })).output, '/home/ana\n');
    assert.equal((await exec(host, { argv: ['pwd'], workingDirectory: '/tmp' })).output, '/tmp\n');
    host.files.remove('/home/ana');
    assert.equal((await exec(host, { argv: ['pwd'], user: 'ana' })).output, '/\n');
    for (const workingDirectory of ['/none', 'tmp', '/etc/passwd'])
      assert.equal((await exec(host, { argv: ['pwd'], workingDirectory })).reason, 'WORKING_DIRECTORY_INVALID');
  });

  it('a command whose user cannot enter its home starts in "/", and one told to start there is refused', async () => {
    const host = new FakeHost();
    const spawn = host.processes.spawn.bind(host.processes);
    host.processes.spawn = (spec) => {
      if (spec.directory === '/home/ana') throw new HostError('EACCES', 'chdir', spec.directory);
      return spawn(spec);
    };
    assert.equal((await exec(host, { argv: ['pwd'], user: 'ana' })).output, '/\n');
    const workingDirectory = '/home/ana';
    const refused = await exec(host, { argv: ['pwd'], user: 'ana', workingDirectory });
    assert.equal(refused.reason, 'WORKING_DIRECTORY_INVALID');
  });

  it('a command gets a login’s environment plus the caller’s variables', async () => {
    const host = new FakeHost();
    const { output } = await exec(host, { argv: ['env'], user: 'ana', environment: { LANG: 'C', HOME: '/x' } });
    const lines = output.trim().split('\n').sort();
    const path = 'PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/games:/usr/games';
    const login = ['LOGNAME=ana', path, 'SHELL=/bin/sh', 'USER=ana'];
    assert.deepEqual(lines, ['HOME=/x', 'INNKEEPER_EXEC_ID=a', 'LANG=C', ...login]);
    const terminal = { columns: 80, rows: 24 };
    assert.match((await exec(new FakeHost(), { argv: ['env'], terminal })).output, /^TERM=xterm-256color$/m);
  });

  it('a command changes its user and group only on request', async () => {
    const host = new FakeHost();
    await exec(host, { argv: ['true'] });
    assert.equal(host.processes.spawned[0]?.identity, undefined);
    assert.equal((await exec(host, { argv: ['id'], user: 'ana' })).output, 'uid=1000 gid=1000 groups=1000,29,50\n');
    assert.equal((await exec(host, { argv: ['id'], user: 'nobody-here' })).reason, 'USER_NOT_FOUND');
    assert.equal((await exec(host, { argv: ['id'], group: 'none' })).reason, 'GROUP_NOT_FOUND');
  });

  it('Exec runs a command line with /bin/sh -c', async () => {
    const host = new FakeHost();
    assert.equal((await exec(host, { shellCommand: 'echo a; echo b' })).output, 'a\nb\n');
    assert.deepEqual(host.processes.spawned[0]?.argv, ['/bin/sh', '-c', 'echo a; echo b']);
  });

  it('Exec reports which system call failed', async () => {
    const host = new FakeHost();
    const { spawn } = host.processes;
    host.processes.spawn = (spec) => {
      spawn.call(host.processes, { ...spec, programs: ['/none'] });
      throw new Error('not reached');
    };
    const { reason } = await exec(host, { argv: ['/usr/bin/true'] });
    assert.equal(reason, 'COMMAND_NOT_FOUND');
  });

  it('a command does not inherit the agent’s OOM protection', async () => {
    const host = new FakeHost({ programs: { '/usr/bin/score': ({ sleep }) => sleep(1000).then(() => 0) } });
    await exec(host, { argv: ['score'] });
    assert.equal(host.files.text(`/proc/${host.processes.running[0]}/oom_score_adj`)[0], '0');
  });
});
