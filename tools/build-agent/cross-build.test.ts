import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { debianPackages } from '../setup/needs.mjs';
import { specsFor } from './cross-toolchain.ts';
import { ownTarget, targetNames, targets, wantedTargets } from './targets.ts';

const output = join(import.meta.dirname, '..', '..', 'dist', 'agent');
const machines = { x64: 62, arm64: 183 } as const;

describe('the agent for another architecture', () => {
  it('the agent for another architecture is built only with --arch', () => {
    assert.deepEqual(wantedTargets([]), [ownTarget]);
    assert.deepEqual(wantedTargets(['--arch', 'all']), targets);
    assert.deepEqual(wantedTargets(['--arch', 'aarch64']), ['arm64']);
    assert.throws(() => wantedTargets(['--arch', 'riscv64']), /x64, arm64 or all, not "riscv64"/);
  });

  it('a cross compiler is required only to build the agent for another architecture', () => {
    const names = (...words: readonly string[]): string[] =>
      debianPackages(words[0] ?? '', 'x64', words.slice(1)).map(({ name }) => name);
    assert.ok(!names('start').includes('gcc-aarch64-linux-gnu'));
    assert.ok(!names('build:agent').includes('gcc-aarch64-linux-gnu'));
    assert.ok(!names('build:agent', '--arch', 'x64').includes('gcc-aarch64-linux-gnu'));
    assert.ok(names('build:agent', '--arch', 'all').includes('gcc-aarch64-linux-gnu'));
    assert.ok(names('test').includes('gcc-aarch64-linux-gnu'));
    assert.ok(names('start').includes('passt'));
  });

  it('the agent for another architecture is built in a checkout whose path has a space', () => {
    assert.equal(specsFor('-isystem /usr/include -L/usr/lib', '/a b'), '-isystem /a\\ b/include -L/a\\ b/lib');
  });

  for (const target of targets) {
    it(`the agent for ${target} passes its self-test`, (t) => {
      const path = join(output, `innkeeper-agent-linux-${target}`);
      if (!existsSync(path)) return t.skip(`it was not built: npm run build:agent -- --arch ${target}`);
      assert.equal(readFileSync(path).readUInt16LE(18), machines[target]);
      const { emulator } = targetNames[target];
      const words = target === ownTarget ? [path] : [emulator, path];
      const [program = '', ...args] = [...words, '--self-test'];
      const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
      if (error !== undefined) return t.skip(`${emulator} is not installed: apt-get install qemu-user-static`);
      assert.equal(status, 0, `${stdout}${stderr}`);
      // qemu-user does not support subreapers; every kernel does.
      if (target === ownTarget) assert.match(stdout, /subreaper yes/);
    });
  }
});
