import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { type ServedApi, serveApi } from '../../innkeeper/src/api/testing/serve-api.ts';
import { selectTargets } from './commands/run.ts';
import { resultOf, runInn, spawnInn } from './testing/run-inn.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

describe('inn run', { timeout: 120_000 }, () => {
  const folder = mkdtempSync(join(tmpdir(), 'inn-run-'));
  let api: ServedApi;
  before(async () => {
    let guests = 0;
    api = await serveApi({
      startAgent: (channel, { signal }) => {
        const guest: FakeHost<typeof unrefClock> = new FakeHost({
          clock: unrefClock,
          programs: {
            '/usr/bin/show': async ({ argv, environment, directory, write }) => {
              const script = guest.files.readText(argv.at(-1) ?? '', 4096);
              await write(`${directory} ${environment.get('WORD')} ${script}`);
              return 0;
            },
            // The first guest succeeds, the others do not.
            '/usr/bin/first-only': async ({ write, writeError }) => {
              await write('out\nbegun');
              await writeError('bad\n');
              return guest === first ? 0 : 4;
            },
          },
        });
        const first = guests++ === 0 ? guest : undefined;
        const agent = createAgent(guest, silentLog);
        void agent.serveChannel(channel, 'native', signal).catch(() => undefined);
      },
    });
    await api.createVm('a', { tags: { web: '' } });
    await api.createVm('long', { tags: { web: '' } });
  });
  after(async () => {
    await api[Symbol.asyncDispose]();
    rmSync(folder, { recursive: true });
  });

  const inn = (words: readonly string[], input = '') => runInn(api.socketPath, words, { input });

  it('inn run prints both streams of one VM and exits with the code of its command', async () => {
    const one = await inn(['run', '--on', 'a', '--', 'sh', '-c', 'echo out; echo bad >&2; exit 3']);
    assert.deepEqual(one, { exitCode: 3, stdout: 'out\n', stderr: 'bad\n' });
    assert.equal((await inn(['run', '--on', 'a', 'no-such'])).exitCode, 127);
    const cut = await inn(['run', '--on', 'a', '--max-output', '1K', '--', 'seq', '1000']);
    assert.deepEqual([cut.exitCode, cut.stdout.length], [0, 1024]);
    assert.match(cut.stderr, /2\.8 KiB of output were not stored/);
    const late = await inn(['run', '--on', 'a', '--timeout', '50ms', '--', 'sleep', '100']);
    assert.equal(late.exitCode, 124);
  });

  it('inn run on several VMs prefixes each line with the name of its VM, and prints a table at the end', async () => {
    const { exitCode, stdout, stderr } = await inn(['run', '--on', 'tag=web', '--', 'first-only']);
    assert.equal(exitCode, 1);
    assert.deepEqual(stdout.split('\n').toSorted(), ['', 'a    | begun', 'a    | out', 'long | begun', 'long | out']);
    assert.match(stderr, /^a {4}\| bad$/m);
    assert.match(stderr, /^a +succeeded +exit code 0/m);
    assert.match(stderr, /^long +failed +exit code 4/m);
    const quiet = await inn(['-q', 'run', '--on', 'a', '--on', 'long', '--', 'echo', 'x']);
    assert.deepEqual([quiet.exitCode, quiet.stderr], [0, '']);
  });

  it('inn run --script reads a file or a pipe, and passes directory, variables and interpreter on', async () => {
    const path = join(folder, 'script');
    writeFileSync(path, '#!/usr/bin/show\nhello\n');
    const options = ['-w', '/tmp', '-e', 'WORD=up', '--title', 'greeting'];
    const file = await inn(['run', '--on', 'a', ...options, '--script', path]);
    assert.deepEqual([file.exitCode, file.stdout], [0, '/tmp up #!/usr/bin/show\nhello\n']);
    const pipe = await inn(['run', '--on', 'a', ...options, '--interpreter', '/usr/bin/show', '--script', '-'], 'hi\n');
    assert.equal(pipe.stdout, '/tmp up hi\n');
    assert.equal((await inn(['run', '--on', 'a', '--script', join(folder, 'none')])).exitCode, 3);
  });

  it('inn run -o json prints the run without its output', async () => {
    const { stdout, exitCode } = await inn(['run', '--on', 'tag=web', '-o', 'json', '--', 'first-only']);
    const run = JSON.parse(stdout);
    assert.deepEqual([exitCode, run.state, run.targets.length], [1, 'RUN_STATE_FAILED', 2]);
  });

  it('a run started with --detach can be listed, shown and followed, and its output read', async () => {
    const id = (await inn(['run', '--detach', '--on', 'a', '--', 'sh', '-c', 'echo out; echo bad >&2'])).stdout.trim();
    assert.deepEqual(await inn(['runs', 'follow', id]), { exitCode: 0, stdout: 'out\n', stderr: 'bad\n' });
    assert.equal((await inn(['runs', 'output', id, '--stream', 'stderr'])).stdout, 'bad\n');
    assert.match((await inn(['runs', 'show', id])).stdout, /command: sh -c echo out[\s\S]*a +succeeded +exit code 0/);
    assert.equal(JSON.parse((await inn(['runs', 'show', id, '-o', 'json'])).stdout).id, id);
    const listed = await inn(['runs', 'ls', '--on', 'a', '--text', 'BAD >&2', '-n', '1', '-o', 'name']);
    assert.equal(listed.stdout, `${id}\n`);
    assert.equal((await inn(['runs', 'ls', '--by', 'nobody', '-o', 'json'])).stdout, '[]\n');
    for (const verb of ['show', 'follow', 'output', 'cancel']) {
      const { exitCode, stderr } = await inn(['runs', verb, 'none']);
      assert.deepEqual([exitCode, stderr.includes('RUN_NOT_FOUND')], [3, true], verb);
    }
  });

  it('inn run cancels the run on ^C, waits for its end, and ends by the signal', async () => {
    const child = spawnInn(api.socketPath, ['run', '--on', 'tag=web', '--', 'sh', '-c', 'echo up; sleep 1000']);
    let text = '';
    child.stdout.on('data', (chunk: Buffer) => {
      text += chunk.toString();
      if (text.match(/up/g)?.length === 2) child.kill('SIGINT');
    });
    const { exitCode, stderr } = await resultOf(child);
    assert.deepEqual([exitCode, child.signalCode], [null, 'SIGINT']);
    assert.match(stderr, /^a +cancelled/m);
    const { stdout } = await inn(['runs', 'ls', '-n', '1', '-o', 'json']);
    assert.equal(JSON.parse(stdout)[0].state, 'RUN_STATE_CANCELED');
  });

  it('inn run continues to follow after the daemon has restarted', async () => {
    const child = spawnInn(api.socketPath, ['run', '--on', 'a', '--', 'sh', '-c', 'echo one; sleep 1; echo two']);
    child.stdout.once('data', () => void api.restartServer());
    const { exitCode, stdout, stderr } = await resultOf(child);
    assert.deepEqual([exitCode, stdout, stderr], [0, 'one\ntwo\n', 'inn: daemon lost\ninn: daemon back\n']);
  });

  it('inn run refuses missing or conflicting arguments with exit code 2', async () => {
    for (const words of [
      ['run', '--on', 'a'],
      ['run', '--', 'true'],
      ['run', '--on', 'a', '--script', '-', '--', 'true'],
      ['run', '--on', 'a', '--on', 'tag=web', '--', 'true'],
      ['run', '--on', 'a', '--timeout', 'soon', '--', 'true'],
      ['run', '--on', 'a', '-o', 'csv', '--', 'true'],
      ['run', '--on', 'no-such-word:', '--', 'true'],
      ['run', '--on', 'a', '--script', '-'],
      ['runs', 'ls', '-n', '0'],
    ]) {
      const { exitCode, stdout } = await inn(words);
      assert.deepEqual([exitCode, stdout], [2, ''], words.join(' '));
    }
    const binary = join(folder, 'binary');
    writeFileSync(binary, Buffer.from([0xff, 0xfe, 0x00]));
    assert.match((await inn(['run', '--on', 'a', '--script', binary])).stderr, /not text/);
  });

  it('--on selects by names, a tag or a filter', () => {
    assert.deepEqual(selectTargets(['web-1', 'web-2']), { vms: ['web-1', 'web-2'], filter: '' });
    assert.deepEqual(selectTargets(['tag=env=prod']), { vms: [], filter: 'tag=env=prod' });
    assert.deepEqual(selectTargets(['state:running mem>80']), { vms: [], filter: 'state:running mem>80' });
  });
});

describe('inn completion', () => {
  it('completes the commands of groups and the options of commands in bash', async () => {
    const { stdout } = await runInn('/nonexistent', ['completion', 'bash']);
    const complete = (...words: string[]): string =>
      execFileSync('bash', [
        '-c',
        `${stdout}\nCOMP_WORDS=("$@"); COMP_CWORD=$(($#-1)); _inn; echo "\${COMPREPLY[*]}"`,
        'bash',
        ...words,
      ]).toString();
    assert.match(complete('inn', 'ru'), /^run runs$/m);
    assert.equal(complete('inn', 'runs', ''), 'ls show follow output cancel\n');
    assert.equal(complete('inn', 'runs', 'ls', '--te'), '--text\n');
    assert.match(complete('inn', 'run', '--'), /--script/);
  });

  it('inn completion prints scripts for zsh and fish', async () => {
    assert.match(
      (await runInn('/nonexistent', ['completion', 'zsh'])).stdout,
      /^#compdef inn\n[\s\S]*inn runs ls -o name/,
    );
    assert.match((await runInn('/nonexistent', ['completion', 'fish'])).stdout, /__fish_seen_subcommand_from runs/);
  });
});
