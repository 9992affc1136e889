import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import {
  type FreshDebian,
  openFreshDebian,
  type RunOptions,
  type RunResult,
  whyNoFreshDebian,
} from '../../tools/fresh-debian/fresh-debian.ts';
import type { Release } from '../../tools/fresh-debian/root-folder.ts';
import { startAndTry } from '../../tools/fresh-debian/start-and-try.ts';

const minute = 60_000;
const skip = whyNoFreshDebian() ?? false;
const stack = /^ +at .*:\d+:\d+\)?$/m;

type Run = (script: string, options?: Partial<RunOptions>) => Promise<RunResult>;

/** Declares the tests of one release; the days that go wrong are tried on one of the two, since npm is slow. */
export function testFreshDebian(release: Release, isForBadDays: boolean): void {
  describe(`a fresh Debian (${release}) with its own Node and npm`, { skip }, () => {
    let machine: FreshDebian;
    before(() => {
      machine = openFreshDebian(release);
    });
    after(() => machine?.[Symbol.dispose]());

    const run: Run = async (script, options = {}) => {
      const result = await machine.run(script, { timeoutMs: 15 * minute, ...options });
      assert.doesNotMatch(result.output, stack, 'a message, no stack trace');
      return result;
    };

    it('a fresh Debian: a user without sudo is refused with the packages that root has to install', async () => {
      const { exitCode, output } = await run('npm start', { as: 'person' });
      assert.equal(exitCode, 1);
      assert.match(
        output,
        /^innkeeper: you are not root and there is no sudo; run this as root, then the same command again: apt-get update && apt-get install --no-install-recommends libatomic1 qemu-system/m,
      );
    });

    it('a fresh Debian: npm run generate sets up as root, and uses the pinned Node without a link to it', async () => {
      const { exitCode, output } = await run('npm run generate && rm -f node_modules/.bin/node && npm run generate');
      assert.equal(exitCode, 0, output);
      assert.equal(output.match(/✓ generating docs/g)?.length, 2);
      assert.equal(output.match(/✓ npm packages installed/g)?.length, 1);
    });

    it('a fresh Debian: commands work again without a network', async () => {
      const { exitCode, output } = await run('npm run generate', { isOffline: true });
      assert.equal(exitCode, 0, output);
    });

    if (isForBadDays) testBadDays(run);
    else testPerson(run);
  });
}

/** Declares the test that nothing of a machine is left. */
export function testEndOfMachine(release: Release): void {
  it('what runs in a fresh Debian ends with the program that started it, even if that is killed', {
    skip,
  }, async () => {
    const words = ['sleep', '87654321'];
    const isRunning = () => spawnSync('pgrep', ['-fx', words.join(' ')]).status === 0;
    const program = join(import.meta.dirname, '..', '..', 'tools', 'in-fresh-debian.ts');
    const script = `echo started; exec ${words.join(' ')}`;
    const child = spawn(process.execPath, [program, release, script], { stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(child.stdout, 'data');
      await until(isRunning);
    } finally {
      child.kill('SIGKILL');
    }
    await until(() => !isRunning());
  });
}

function testPerson(run: Run): void {
  it('a fresh Debian: with the packages installed, it works for a user without sudo and with a read-only home folder', async () => {
    await run('cp -r . /home/person/it && rm -rf /home/person/it/node_modules && chown -R 1000 /home/person/it');
    await run('chmod 555 /home/person');
    const { exitCode, output } = await run('cd ~/it && npm run generate && ls -A ~', {
      as: 'person',
      environment: { LANG: 'C', NODE_ENV: 'production' },
    });
    assert.equal(exitCode, 0, output);
    assert.match(output, /✓ generating docs.*\nit\n$/s);
  });
}

function testBadDays(run: Run): void {
  it('a fresh Debian: missing npm packages without a network are reported', async () => {
    const { exitCode, output } = await run(
      'rm -rf node_modules && npm_config_fetch_retries=0 npm_config_cache=/tmp/no-cache npm run generate',
      { isOffline: true },
    );
    assert.equal(exitCode, 1);
    assert.match(output, /\ninnkeeper: .* failed with exit code \d+; the end of its output is above/);
  });

  it('a fresh Debian: missing node_modules in another user’s checkout are reported with the owner', async () => {
    const { exitCode, output } = await run('npm run generate', { as: 'person' });
    assert.equal(exitCode, 1);
    assert.match(output, /^innkeeper: person cannot write in \/src\/a checkout, which belongs to root\. Run this as /m);
  });

  it('a fresh Debian: a full disk is reported', async () => {
    const { exitCode, output } = await run(
      'apt-get install -qq mount > /dev/null && mount -t tmpfs -o size=40m none /mnt && cp -r . /mnt && cd /mnt && npm run generate',
    );
    assert.equal(exitCode, 1);
    assert.match(output, /^innkeeper: the disk with \/mnt is full|ENOSPC/m);
  });

  it('a fresh Debian: setup continues after npm ci was killed, without HOME', async () => {
    const { exitCode, output } = await run(`unset HOME
setsid npm run generate > /tmp/first.log 2>&1 &
until [ -d node_modules/typescript ]; do sleep 0.1; done
kill -KILL -$!
npm run generate`);
    assert.equal(exitCode, 0, output);
    assert.match(output, /✓ generating docs/);
  });

  it('a fresh Debian: npm start works, and so do the commands that it prints', async () => {
    const { exitCode, output } = await run(startAndTry);
    assert.equal(exitCode, 0, output);
  });
}
