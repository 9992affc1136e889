import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';

const root = join(import.meta.dirname, '../../..');
const programs = join(root, 'apps/cli/bin');

interface Result {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

function run(program: string, args: readonly string[], path: string, cwd = '/', home = '/nonexistent'): Result {
  return spawnSync(program, args, { cwd, encoding: 'utf8', env: { PATH: path, HOME: home } });
}

describe('apps/cli/bin', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'innkeeper-bin-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** A PATH with a `node` that only prints its version and arguments. */
  function otherNode(version: string): string {
    const bin = join(folder, `node-${version}`);
    mkdirSync(bin);
    writeFileSync(join(bin, 'node'), `#!/bin/sh\n[ "$1" = --version ] && echo ${version} || echo "ran $*"\n`);
    chmodSync(join(bin, 'node'), 0o755);
    return `${bin}:/usr/bin:/bin`;
  }

  /** A checkout without node_modules. */
  function bareCheckout(name: string): string {
    const checkout = join(folder, name);
    cpSync(programs, join(checkout, 'apps/cli/bin'), { recursive: true });
    cpSync(join(root, 'tools/start-program.sh'), join(checkout, 'tools/start-program.sh'));
    return join(checkout, 'apps/cli/bin');
  }

  it('inn and innkeeper are in the PATH that README.md sets, and start on the pinned Node from any folder', () => {
    const path = `${programs}:${otherNode('v18.20.4')}`;
    assert.match(run('inn', ['version', '--help'], path).stdout, /^Usage: inn version/);
    for (const command of ['serve', 'node', 'control']) {
      const { status, stdout } = run('innkeeper', [command, '--help'], path, folder);
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(`^innkeeper ${command} `));
    }
  });

  it('what Node compiled of inn is kept in the home folder, where nobody else can replace it', () => {
    const home = join(folder, 'home');
    mkdirSync(home);
    assert.equal(run(join(programs, 'inn'), ['--help'], '/usr/bin:/bin', '/', home).status, 0);
    assert.ok(readdirSync(join(home, '.cache/innkeeper/compiled')).length > 0);
    assert.equal(existsSync('/nonexistent'), false, 'a home folder that does not exist is not made');
    if (process.getuid?.() !== 0) return;
    const foreign = join(folder, 'foreign-home');
    mkdirSync(foreign);
    chownSync(foreign, 12_345, 12_345);
    assert.equal(run(join(programs, 'inn'), ['--help'], '/usr/bin:/bin', '/', foreign).status, 0);
    assert.deepEqual(readdirSync(foreign), [], 'somebody else’s is left alone');
  });

  it('inn and innkeeper start through symbolic links', () => {
    for (const name of ['inn', 'innkeeper']) {
      symlinkSync(join(programs, name), join(folder, name));
      symlinkSync(name, join(folder, `${name}-twice`));
      const { status, stdout } = run(join(folder, `${name}-twice`), ['--help'], '/usr/bin:/bin');
      assert.equal(status, 0);
      assert.match(stdout, new RegExp(name));
    }
  });

  it('inn and innkeeper use the Node of the PATH if npm installed none, and refuse a version before 24.7', () => {
    const bare = bareCheckout('bare');
    for (const name of ['inn', 'innkeeper']) {
      assert.match(
        run(join(bare, name), ['x', 'y z'], otherNode(`v24.7.${name.length}`)).stdout,
        /^ran .*main\.ts x y z$/m,
      );
      assert.match(run(join(bare, name), [], otherNode(`v26.0.${name.length}`)).stdout, /^ran /m);
      for (const version of [`v22.9.${name.length}`, `v24.6.${name.length}`]) {
        const { status, stderr } = run(join(bare, name), [], otherNode(version));
        assert.equal(status, 1);
        assert.ok(stderr.startsWith(`${name}: Node 24.7 or later is needed, and `), stderr);
        assert.match(stderr, /^[^\n]+ is v[\d.]+\. Run "npm start" [^\n]*\n$/);
      }
      const none = run(join(bare, name), [], '/usr/bin:/bin');
      if (none.status === 1) assert.match(none.stderr, new RegExp(`^${name}: .*"npm start".*\n$`));
    }
  });
});
