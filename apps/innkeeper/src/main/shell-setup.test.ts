import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { shellSetup } from './shell-setup.ts';

describe('what innkeeper serve --hello says to enter in another shell', () => {
  let folder: string;
  let programs: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'innkeeper-shell-'));
    programs = join(folder, "it's a $checkout", 'bin');
    mkdirSync(programs, { recursive: true });
    writeFileSync(join(programs, 'inn'), '#!/bin/sh\necho "inn at $INNKEEPER_DATA"\n', { mode: 0o755 });
  });
  after(() => rmSync(folder, { recursive: true }));

  it('finds inn and the data folder, whatever characters their paths have', () => {
    const lines = shellSetup(join(folder, 'my "data"'), { PATH: '/usr/bin:/bin', HOME: folder }, programs);
    const env = { PATH: '/usr/bin:/bin' };
    const printed = execFileSync('sh', ['-c', [...lines, 'inn'].join('\n')], { env, encoding: 'utf8' });
    assert.equal(printed, `inn at ${join(folder, 'my "data"')}\n`);
  });

  it('is nothing for the default data folder with inn installed by a link', () => {
    const bin = join(folder, 'bin');
    mkdirSync(bin);
    symlinkSync(join(programs, 'inn'), join(bin, 'inn'));
    const environment = { PATH: `/bin:${bin}`, XDG_DATA_HOME: folder };
    assert.deepEqual(shellSetup(join(folder, 'innkeeper'), environment, programs), []);
  });

  it('has the PATH even where this shell has it, since another one does not', () => {
    const environment = { PATH: `/bin:${programs}`, XDG_DATA_HOME: folder };
    assert.equal(shellSetup(join(folder, 'innkeeper'), environment, programs).length, 1);
  });

  it('names the data folder as an absolute path', () => {
    const [line = '', ...more] = shellSetup('data', { XDG_DATA_HOME: folder }, join(folder, 'nothing'));
    // Quoted where the checkout's path has a space.
    assert.equal(line.replaceAll("'", ''), `export INNKEEPER_DATA=${join(process.cwd(), 'data')}`);
    assert.deepEqual(more, []);
  });
});
