import assert from 'node:assert/strict';
import { access, chmod, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import type { AgentLink } from '@innkeeper/agent-client';
import { ExecEnding, type ExecExited, OutputStream, type ProcessSpecSchema } from '@innkeeper/contract/agent';
import { buildAgent, RunningAgent } from '../testing/running-agent.ts';

const notRoot = process.getuid?.() === 0 ? false : 'only root may run commands as others';
const cgroups = await findCgroups();

before(buildAgent, { timeout: 120_000 });

/** The mount of cgroup v2 in which this process may create cgroups. */
async function findCgroups(): Promise<string | undefined> {
  for (const mount of ['/sys/fs/cgroup', '/sys/fs/cgroup/unified'])
    try {
      await access(`${mount}/cgroup.procs`, 2);
      return mount;
    } catch {
      // Not mounted here, or not writable.
    }
  return undefined;
}

type Spec = MessageInitShape<typeof ProcessSpecSchema>;

/** Runs a command to its end. */
async function run(link: AgentLink, spec: Spec) {
  let [stdout, stderr] = ['', ''];
  let exited: ExecExited | undefined;
  for await (const { event } of link.exec(spec).events) {
    if (event.case === 'output') {
      const text = new TextDecoder().decode(event.value.data);
      if (event.value.stream === OutputStream.STDERR) stderr += text;
      else stdout += text;
    }
    if (event.case === 'exited') exited = event.value;
  }
  return { stdout, stderr, exited, code: exited?.status.case === 'exitCode' ? exited.status.value : undefined };
}

/** Whether a process has these words in its command line. */
async function isRunning(words: string): Promise<boolean> {
  for (const pid of await readdir('/proc')) {
    if (!/^\d+$/.test(pid)) continue;
    const line = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
    if (line.split('\0').join(' ').includes(words)) return true;
  }
  return false;
}

describe('output of a command on a real kernel', { timeout: 60_000 }, () => {
  it('output of a command includes what its descendants print after its first process has ended', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const lines = `${Array.from({ length: 1000 }, (_, index) => index + 1).join('\n')}\n`;
    const late = await run(link, { argv: ['bash', '-c', 'seq 1000 > >(sleep 0.3; cat)'] });
    assert.deepEqual([late.stdout, late.code, late.exited?.outputCut], [lines, 0, false]);
    const log = join(agent.folder, 'log');
    const teed = await run(link, { argv: ['bash', '-c', `exec > >(sleep 1; tee ${log}); seq 1000; exit 4`] });
    assert.deepEqual([teed.stdout, teed.code], [lines, 4]);
    assert.equal(await readFile(log, 'utf8'), lines);
  });

  it('output that a background process keeps open without printing is closed after 2 s, and output_cut is set', async () => {
    await using agent = await RunningAgent.start();
    const startMs = performance.now();
    const { stdout, exited } = await run(agent.connect(), { shellCommand: 'sleep 30.25 & echo started' });
    const tookMs = performance.now() - startMs;
    assert.deepEqual([stdout, exited?.outputCut, exited?.orphansLeft], ['started\n', true, 1]);
    assert.ok(tookMs >= 1900 && tookMs < 20_000, `${tookMs} ms`);
  });

  it('a command ends at once if no other process has its output open', async () => {
    await using agent = await RunningAgent.start();
    const startMs = performance.now();
    const { exited } = await run(agent.connect(), { shellCommand: 'sleep 30.5 > /dev/null 2>&1 & echo started' });
    assert.deepEqual([exited?.outputCut, exited?.orphansLeft], [false, 1]);
    assert.ok(performance.now() - startMs < 1900);
  });
});

describe('arguments and environment on a real kernel', { timeout: 60_000 }, () => {
  it('arguments and environment of nearly 2 MiB arrive unchanged', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const words = Array.from({ length: 15 }, (_, index) => String.fromCharCode(97 + index).repeat(120_000));
    const count = await run(link, {
      argv: ['sh', '-c', 'echo $# $(printf %s "$1" | wc -c) $(printf %s "$9" | wc -c)', 'sh', ...words],
    });
    assert.equal(count.stdout, '15 120000 120000\n');
    const environment = Object.fromEntries(words.map((word, index) => [`V${index}`, word]));
    const sizes = await run(link, {
      shellCommand: 'echo $(printf %s "$V0" | wc -c) $(printf %s "$V14" | wc -c); exit 3',
      environment,
    });
    assert.deepEqual([sizes.stdout, sizes.code], ['120000 120000\n', 3]);
    const idle = await agent.status('VmRSS');
    assert.ok(idle < 8 * 1024, `${idle} KiB after both`);
  });

  it('arguments of 1.2 MB of 12 commands at once arrive unchanged', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const word = 'x'.repeat(100_000);
    const argv = ['sh', '-c', 'echo $#', 'sh', ...Array.from({ length: 12 }, () => word)];
    const results = await Promise.all(Array.from({ length: 12 }, () => run(link, { argv })));
    assert.deepEqual(new Set(results.map(({ stdout }) => stdout)), new Set(['12\n']));
  });

  it('arguments beyond the limits of Linux are refused with both numbers', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await assert.rejects(run(link, { argv: ['true', 'x'.repeat(131_072)] }), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'INVALID_ARGUMENT');
      assert.match(error.message, /131073 bytes.* 131072/);
      return true;
    });
    const words = Array.from({ length: 21 }, () => 'x'.repeat(100_000));
    await assert.rejects(run(link, { argv: ['true', ...words] }), (error: Error & { reason?: string }) => {
      assert.equal(error.reason, 'INVALID_ARGUMENT');
      assert.match(error.message, /21\d{5} bytes.* 2097152/);
      return true;
    });
    await assert.rejects(run(link, { argv: ['true', ...words, ...words] }), /42\d{5} bytes; the maximum is 2162688/);
    assert.equal((await run(link, { argv: ['echo', 'next'] })).stdout, 'next\n');
  });
});

describe('a command as another user on a real kernel', { timeout: 60_000, skip: notRoot }, () => {
  it('a command of another user can open its three streams by name', async () => {
    await using agent = await RunningAgent.start();
    const script = 'cat /dev/stdin; echo out > /dev/stdout; echo err > /proc/self/fd/2; stat -L -c %U /proc/self/fd/1';
    const exec = agent.connect().exec({ shellCommand: script, user: 'daemon', stdin: true });
    await exec.writeStdin(new TextEncoder().encode('in\n'));
    await exec.endStdin();
    const texts = ['', '', ''];
    for await (const { event } of exec.events)
      if (event.case === 'output') texts[event.value.stream] += new TextDecoder().decode(event.value.data);
    assert.deepEqual(texts, ['', 'in\nout\ndaemon\n', 'err\n']);
  });

  it('a command of another user without input does not get ownership of /dev/null', async () => {
    await using agent = await RunningAgent.start();
    const { stdout } = await run(agent.connect(), { shellCommand: 'stat -L -c %u /proc/self/fd/0', user: 'daemon' });
    assert.equal(stdout, '0\n');
  });

  it('a command of another user is searched in PATH with the rights of that user', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await chmod(agent.folder, 0o755);
    for (const [folder, mode] of [
      ['closed', 0o700],
      ['open', 0o755],
    ] as const) {
      await mkdir(join(agent.folder, folder), { mode });
      await writeFile(join(agent.folder, folder, 'tool'), `#!/bin/sh\necho ${folder}\n`, { mode: 0o755 });
    }
    await writeFile(join(agent.folder, 'open', 'secret'), '#!/bin/sh\n', { mode: 0o700 });
    const environment = { PATH: `${agent.folder}/closed:${agent.folder}/open:/bin` };
    assert.equal((await run(link, { argv: ['tool'], environment })).stdout, 'closed\n');
    assert.equal((await run(link, { argv: ['tool'], environment, user: 'daemon' })).stdout, 'open\n');
    await assert.rejects(run(link, { argv: ['secret'], environment, user: 'daemon' }), {
      reason: 'COMMAND_NOT_EXECUTABLE',
    });
    const onlyClosed = { PATH: `${agent.folder}/closed` };
    await assert.rejects(run(link, { argv: ['tool'], environment: onlyClosed, user: 'daemon' }), {
      reason: 'COMMAND_NOT_FOUND',
    });
  });

  it('a command of a user without an account has HOME, SHELL and "/" as its directory', async () => {
    await using agent = await RunningAgent.start();
    const script = 'echo "$HOME $SHELL $(pwd) $(id -u)"';
    const { stdout } = await run(agent.connect(), { shellCommand: script, user: '54321' });
    assert.equal(stdout, '/ /bin/sh / 54321\n');
  });
});

describe('a command on a real kernel', { timeout: 60_000 }, () => {
  it('a command has no signal ignored or blocked, whatever the agent was started with', async () => {
    await using agent = await RunningAgent.start({ wrapper: "trap '' INT QUIT HUP TERM USR1 TSTP PIPE" });
    assert.match(await readFile(`/proc/${agent.pid}/status`, 'utf8'), /SigIgn:\t0{8}[0-9a-f]*[1-9a-f]/);
    const { stdout } = await run(agent.connect(), {
      argv: ['grep', '-E', '^Sig(Ign|Blk):', '/proc/self/status'],
    });
    const lines = Object.fromEntries(
      stdout
        .trim()
        .split('\n')
        .map((line) => line.split(':\t')),
    );
    assert.deepEqual([lines['SigIgn'], lines['SigBlk']], ['0000000000000000', '0000000000000000']);
  });

  it('a command on a terminal has the same LANG as a shell', async () => {
    await using agent = await RunningAgent.start();
    const { stdout } = await run(agent.connect(), {
      shellCommand: 'echo $LANG $TERM; stty size',
      terminal: { columns: 0, rows: 0 },
    });
    assert.equal(stdout, 'C.UTF-8 xterm-256color\r\n24 80\r\n');
  });

  it('a script with a missing interpreter says so, by path, relative path and name', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    await writeFile(join(agent.folder, 'script'), '#!/no/such/interpreter\n', { mode: 0o755 });
    const missing = (error: Error & { reason?: string }): boolean =>
      error.reason === 'COMMAND_NOT_EXECUTABLE' && /interpreter/.test(error.message) && /script/.test(error.message);
    await assert.rejects(run(link, { argv: [join(agent.folder, 'script')] }), missing);
    await assert.rejects(run(link, { argv: ['./script'], workingDirectory: agent.folder }), missing);
    await assert.rejects(run(link, { argv: ['script'], environment: { PATH: agent.folder } }), missing);
    await assert.rejects(run(link, { argv: ['./absent'], workingDirectory: agent.folder }), {
      reason: 'COMMAND_NOT_FOUND',
    });
  });

  it('a command gets HUP when nobody has followed it for hangup_after_ms', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const leave = new AbortController();
    const exec = link.exec({ argv: ['sleep', '3601.25'], hangupAfterMs: 300 }, { signal: leave.signal });
    for await (const { event } of exec.events) if (event.case === 'started') break;
    leave.abort();
    await agent.until(async () => !(await isRunning('sleep 3601.25')));
  });

  it('200 commands started at once all run', async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const results = await Promise.all(
      Array.from({ length: 200 }, (_, index) => run(link, { shellCommand: `sleep 0.1; echo ${index}` })),
    );
    assert.deepEqual(
      results.map(({ stdout }) => stdout.trim()),
      Array.from({ length: 200 }, (_, index) => `${index}`),
    );
  });
});

describe('what is left of a command after its timeout', { timeout: 60_000 }, () => {
  /** A process that changed its session, parent and environment, and ignores TERM. */
  const daemon = (seconds: string): string =>
    `(setsid env -i /bin/sh -c 'trap "" TERM HUP; sleep ${seconds}; sleep ${seconds}' > /dev/null 2>&1 &) ; sleep 600`;

  it('nothing is left of a command after its timeout where cgroup v2 is writable', {
    skip: notRoot || (cgroups === undefined ? 'cgroup v2 is not writable here' : false),
  }, async () => {
    await using agent = await RunningAgent.start();
    const link = agent.connect();
    const spec = { shellCommand: daemon('3601.5'), timeoutMs: 700, killGraceMs: 300 };
    const { exited } = await run(link, spec);
    assert.deepEqual([exited?.ending, exited?.orphansLeft], [ExecEnding.TIMEOUT, 0]);
    assert.equal(await isRunning('sleep 3601.5'), false);
    await run(link, { argv: ['true'] });
    const own = (await readFile('/proc/self/cgroup', 'utf8')).split('\n').find((line) => line.startsWith('0::'));
    const names = (await readdir(`${cgroups}${own?.slice(3).replace(/\/$/, '')}`)).filter((name) =>
      name.startsWith(`innkeeper-exec-${agent.pid}-`),
    );
    // Two commands used the same one, which is kept for the next.
    assert.equal(names.length, 1);
  });

  it('nothing is left of a command after KILL where cgroup v2 is writable', {
    skip: notRoot || (cgroups === undefined ? 'cgroup v2 is not writable here' : false),
  }, async () => {
    await using agent = await RunningAgent.start();
    const exec = agent.connect().exec({ shellCommand: daemon('3601.75') });
    let exited: ExecExited | undefined;
    for await (const { event } of exec.events) {
      if (event.case === 'started') {
        await agent.until(() => isRunning('sleep 3601.75'));
        await exec.signal(9);
      }
      if (event.case === 'exited') exited = event.value;
    }
    assert.equal(exited?.orphansLeft, 0);
    await agent.until(async () => !(await isRunning('sleep 3601.75')));
  });

  it('a process that survives the timeout is counted where there is no cgroup v2', { skip: notRoot }, async () => {
    // In a mount namespace without cgroup file systems.
    const wrapper = 'for m in $(grep cgroup2 /proc/mounts | cut -d" " -f2); do umount -l "$m"; done';
    await using agent = await RunningAgent.start({
      wrapper: `[ "$IN" ] || IN=1 exec unshare -m sh -c '${wrapper}; exec "$@"' sh "$@"`,
    });
    const spec = { shellCommand: daemon('3602.5'), timeoutMs: 700, killGraceMs: 300 };
    const { exited } = await run(agent.connect(), spec);
    assert.deepEqual([exited?.ending, exited?.orphansLeft], [ExecEnding.TIMEOUT, 1]);
    const { stdout } = await run(agent.connect(), {
      shellCommand: "pgrep -f '[s]leep 3602.5' | xargs -r kill -9; echo",
    });
    assert.equal(stdout, '\n');
  });
});
