import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';

const root = join(import.meta.dirname, '..', '..');

/** A fake npm: creates the packages of the lock file, and misbehaves as INSTEAD says. */
const npmCli = `
const { appendFileSync, existsSync, mkdirSync, rmSync, symlinkSync, writeFileSync } = require('node:fs');
appendFileSync('npm-runs', process.argv.slice(2).join(' ') + '\\n');
const instead = process.env.INSTEAD ?? '';
if (instead === 'fail') {
  for (let line = 1; line <= 40; line++) console.error('npm ERR! line ' + line);
  process.exit(7);
}
rmSync('node_modules', { recursive: true, force: true });
mkdirSync('node_modules/node-linux-' + process.arch + '/bin', { recursive: true });
if (instead === 'deaf') { process.on('SIGTERM', () => undefined); process.on('SIGINT', () => undefined); }
if (instead === 'hang' || instead === 'deaf') { writeFileSync('hangs', ''); setInterval(() => undefined, 1000); return; }
// As npm 9 leaves it: without node_modules/.bin/node.
writeFileSync('node_modules/node-linux-' + process.arch + '/package.json', '{}');
symlinkSync(process.env.PINNED, 'node_modules/node-linux-' + process.arch + '/bin/node');
const isFirst = !existsSync('was-here');
writeFileSync('was-here', '');
if (instead === 'leave-out' || (instead === 'leave-out-once' && isFirst)) return;
mkdirSync('node_modules/@tool/linux', { recursive: true });
writeFileSync('node_modules/@tool/linux/package.json', '{}');
`;

const lock = {
  packages: {
    'node_modules/@tool/linux': { optional: true, os: ['linux'], cpu: [process.arch] },
    'node_modules/@tool/mac': { optional: true, os: ['darwin'] },
    'node_modules/@tool/musl': { optional: true, os: ['linux'], libc: ['musl'] },
  },
};

const handedOver = 'console.log("ran on", process.execPath, "with", ...process.argv.slice(2));\n';

describe('setting up a checkout', () => {
  let folder: string;
  let count = 0;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'innkeeper-setup-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  function newCheckout(): string {
    const checkout = join(folder, `a checkout ${++count}`);
    mkdirSync(join(checkout, 'tools', 'commands'), { recursive: true });
    cpSync(join(root, 'tools', 'bootstrap.mjs'), join(checkout, 'tools', 'bootstrap.mjs'));
    cpSync(join(root, 'tools', 'setup'), join(checkout, 'tools', 'setup'), { recursive: true });
    writeFileSync(join(checkout, 'tools', 'commands', 'generate.ts'), handedOver);
    writeFileSync(join(checkout, 'package-lock.json'), JSON.stringify(lock));
    writeFileSync(join(checkout, 'npm-cli.js'), npmCli);
    return checkout;
  }

  function start(checkout: string, environment: NodeJS.ProcessEnv): ChildProcess {
    const env = {
      ...process.env,
      npm_execpath: join(checkout, 'npm-cli.js'),
      PINNED: process.execPath,
      ...environment,
    };
    return spawn(process.execPath, [join(checkout, 'tools', 'bootstrap.mjs'), 'generate', 'a b'], {
      cwd: checkout,
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
  }

  async function endOf(child: ChildProcess): Promise<{ exitCode: number | null; output: string }> {
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text;
      });
    await once(child, 'close');
    return { exitCode: child.exitCode, output };
  }

  const run = (checkout: string, environment: NodeJS.ProcessEnv = {}) => endOf(start(checkout, environment));
  const npmRuns = (checkout: string) => readFileSync(join(checkout, 'npm-runs'), 'utf8').split('\n').length - 1;

  it('setup starts the pinned Node by its path, and does not run npm the second time', async () => {
    const checkout = newCheckout();
    for (const time of ['first', 'second']) {
      const { exitCode, output } = await run(checkout);
      assert.equal(exitCode, 0, output);
      assert.match(output, /^ran on .* with a b$/m, time);
    }
    assert.equal(npmRuns(checkout), 1);
    assert.match(readFileSync(join(checkout, 'npm-runs'), 'utf8'), /^ci .*--ignore-scripts.*--include=optional/);
  });

  it('setup installs again when npm left out a package for this platform, and when one was removed later', async () => {
    const checkout = newCheckout();
    assert.equal((await run(checkout, { INSTEAD: 'leave-out-once' })).exitCode, 0);
    assert.equal(npmRuns(checkout), 2);
    rmSync(join(checkout, 'node_modules', '@tool'), { recursive: true });
    assert.equal((await run(checkout)).exitCode, 0);
    assert.equal(npmRuns(checkout), 3);
  });

  it('setup names the package for this platform that npm leaves out repeatedly', async () => {
    const { exitCode, output } = await run(newCheckout(), { INSTEAD: 'leave-out' });
    assert.equal(exitCode, 1);
    assert.match(output, /^innkeeper: npm left out @tool\/linux, which this machine needs/m);
  });

  it('setup shows the end of npm’s output when npm fails, and the path of the log', async () => {
    const checkout = newCheckout();
    const { exitCode, output } = await run(checkout, { INSTEAD: 'fail' });
    assert.equal(exitCode, 1);
    assert.match(output, /npm ERR! line 40\ninnkeeper: .* failed with exit code 7/);
    assert.doesNotMatch(output, /line 15\n/);
    assert.doesNotMatch(output, /^ +at /m, 'no stack trace');
    const log = join(checkout, /all of it in (\S+)\.$/m.exec(output)?.[1] ?? '');
    assert.match(readFileSync(log, 'utf8'), /npm ERR! line 1\n/);
  });

  it('setup ends 3 s after a signal when npm does not', async () => {
    const checkout = newCheckout();
    const child = start(checkout, { INSTEAD: 'deaf' });
    const end = endOf(child);
    await until(() => existsSync(join(checkout, 'hangs')));
    const fromMs = performance.now();
    child.kill('SIGTERM');
    assert.equal((await end).exitCode, 143);
    // npm itself would have run on without an end.
    assert.ok(performance.now() - fromMs >= 2900);
  });

  it('setup reports the step at which a signal stopped it, and continues from a partial installation', async () => {
    const checkout = newCheckout();
    const child = start(checkout, { INSTEAD: 'hang' });
    const end = endOf(child);
    await until(() => existsSync(join(checkout, 'hangs')));
    child.kill('SIGTERM');
    const { exitCode, output } = await end;
    assert.equal(exitCode, 143);
    assert.match(
      output,
      /^innkeeper: stopped while installing npm packages .*\. Run the same command again to continue\.$/m,
    );
    const again = await run(checkout);
    assert.equal(again.exitCode, 0, again.output);
  });

  it('setup runs once when two commands start at the same time', async () => {
    const checkout = newCheckout();
    for (const { exitCode, output } of await Promise.all([run(checkout), run(checkout), run(checkout)]))
      assert.equal(exitCode, 0, output);
    assert.equal(npmRuns(checkout), 1);
  });

  it('setup continues after an earlier one was killed', async () => {
    const checkout = newCheckout();
    mkdirSync(join(checkout, '.cache', 'setup'), { recursive: true });
    const dead = Number(execFileSync('sh', ['-c', 'echo $$'], { encoding: 'utf8' }));
    writeFileSync(join(checkout, '.cache', 'setup', 'lock'), `${dead}\n`);
    assert.equal((await run(checkout)).exitCode, 0);
  });

  it('an unknown command is refused with the list of commands', async () => {
    const child = spawn(process.execPath, [join(root, 'tools', 'bootstrap.mjs'), 'strat'], { stdio: 'pipe' });
    const { exitCode, output } = await endOf(child);
    assert.equal(exitCode, 1);
    assert.match(output, /^innkeeper: "strat" is not a command\. The commands are start, test, /);
  });
});
