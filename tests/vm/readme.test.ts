import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { killOnAbort } from './abort.ts';
import { innText } from './inn.ts';
import { keptCache } from './kept-folder.ts';

const root = join(import.meta.dirname, '..', '..');
const timeoutMs = 300_000;

interface Ended {
  readonly exitCode: number | null;
  readonly output: string;
}

/** A user's shell: nothing of this checkout is in its PATH. */
async function shell(script: string, cwd: string, environment: Readonly<Record<string, string>> = {}): Promise<Ended> {
  const child = spawn('sh', ['-e', '-c', script], {
    cwd,
    env: { PATH: '/usr/bin:/bin', HOME: '/nonexistent', ...environment },
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: timeoutMs,
  });
  let output = '';
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => {
      output += text;
    });
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, output };
}

/** The commands in the README below a heading: its first shell block. */
function commandsBelow(heading: string): string {
  const [, rest = ''] = readFileSync(join(root, 'README.md'), 'utf8').split(`\n## ${heading}\n`);
  return /```sh\n(.*?)```/s.exec(rest)?.[1] ?? assert.fail(`README has no commands below "${heading}"`);
}

describe('the commands suggested by npm start and the README', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper readme '));
  const dataDirectory = join(folder, 'data');
  let daemon: ChildProcess;
  let forget: () => void;
  let stdout = '';
  let stderr = '';

  before(async () => {
    // The cache of images is kept between runs.
    mkdirSync(keptCache, { recursive: true });
    mkdirSync(dataDirectory);
    symlinkSync(keptCache, join(dataDirectory, 'cache'));
    const main = join(root, 'apps', 'innkeeper', 'src', 'main.ts');
    const argv = [main, 'serve', '--hello', '--data', dataDirectory, '--listen', '127.0.0.1:0'];
    daemon = spawn(process.execPath, argv, { stdio: ['ignore', 'pipe', 'pipe'] });
    forget = killOnAbort(daemon.pid ?? 0);
    daemon.stderr?.setEncoding('utf8').on('data', (text: string) => {
      stderr += text;
    });
    await new Promise<void>((resolve, reject) => {
      daemon.stdout?.setEncoding('utf8').on('data', (text: string) => {
        stdout += text;
        if (stdout.includes('run "inn stop hello" before')) resolve();
      });
      daemon.once('close', () => reject(new Error(`the daemon ended: ${stdout}${stderr}`)));
    });
  });
  after(async () => {
    if (daemon.exitCode === null && daemon.signalCode === null) {
      const listed = await innText(['ls', '-o', 'name'], { dataDirectory });
      for (const name of listed.split('\n').filter((line) => line !== ''))
        await innText(['rm', '--force', '--yes', name], { dataDirectory });
      daemon.kill('SIGTERM');
      await once(daemon, 'close');
    }
    forget();
    rmSync(folder, { recursive: true, force: true });
  });

  it('the output of npm start fits 80 columns, and ends with the link, shell setup, three commands and the effect of ^C', () => {
    const lines = stdout.split('\n');
    const isLong = (line: string): boolean => line.length > 80 && !/^ {2}(http|export |runs on)/.test(line);
    assert.deepEqual(lines.filter(isLong), []);
    const last = stdout.slice(stdout.indexOf('Web console'));
    assert.match(last, /^Web console \(.*\):\n {2}http:\/\/127\.0\.0\.1:\d+\/login#\S+\n\nTry in another terminal:\n/);
    assert.match(last, /\^C stops the daemon and leaves VMs running/);
  });

  it('the commands printed by npm start work in a new shell in any folder', async () => {
    const printed = stdout.slice(stdout.indexOf('Try in another terminal:'), stdout.indexOf('^C stops'));
    const commands = printed
      .split('\n')
      .filter((line) => line.startsWith('  '))
      .map((line) => line.trim().replace(/ {2,}.*$/, ''));
    assert.equal(commands.filter((line) => line.startsWith('inn ')).length, 3);
    const { exitCode, output } = await shell(commands.join('\n'), '/');
    assert.equal(exitCode, 0, output);
    assert.match(output, /^Linux \S+ \d/m);
    assert.match(output, /Innkeeper tiny/);
  });

  it('the commands in the README work in the folder of the clone', async () => {
    const { exitCode, output } = await shell(commandsBelow('Things to try'), root, { INNKEEPER_DATA: dataDirectory });
    assert.equal(exitCode, 0, output);
    assert.match(output, /^Linux \S+ \d/m);
    assert.match(output, /^web +running/m);
  });
});
