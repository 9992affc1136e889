import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import manifest from '../package.json' with { type: 'json' };
import { agentBinary, buildAgent, runAgent } from '../testing/running-agent.ts';

/** Types of program headers that a program has which needs a loader (elf(5)). */
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

before(buildAgent, { timeout: 120_000 });

describe('the agent’s program', () => {
  it('is one static file: no interpreter, nothing dynamic', async () => {
    const file = await readFile(agentBinary);
    assert.equal(file.subarray(0, 4).toString('latin1'), '\x7fELF');
    assert.equal(file[4], 2, '64 bits');
    const table = Number(file.readBigUInt64LE(32));
    const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)];
    const types = Array.from({ length: count }, (_, index) => file.readUInt32LE(table + index * size));
    assert.ok(types.includes(1), 'it is loaded at all');
    assert.deepEqual(
      types.filter((type) => type === PT_DYNAMIC || type === PT_INTERP),
      [],
    );
  });

  it('has at most 1 MiB', async () => {
    const { size } = await stat(agentBinary);
    assert.ok(size <= 1024 * 1024, `${size}`);
  });

  it('says its version', async () => {
    const { code, stdout, stderr } = await runAgent('--version');
    assert.deepEqual([code, stdout, stderr], [0, `innkeeper-agent ${manifest.version}\n`, '']);
  });

  it('tests itself', async () => {
    const { code, stdout } = await runAgent('--self-test');
    assert.equal(code, 0, stdout);
    assert.ok(stdout.split('\n').filter((line) => line.startsWith('ok ')).length >= 9, stdout);
    assert.doesNotMatch(stdout, /FAIL/);
  });

  it('refuses what it does not understand with code 2 and one sentence', async () => {
    for (const words of [
      ['--nonsense'],
      ['run'],
      ['serve', '--nonsense'],
      ['serve', '--listen'],
      ['serve', '--listen', 'tcp:1234'],
      ['serve', '--listen', 'unix:relative'],
      ['serve', '--log-level', 'loud'],
    ]) {
      const { code, stdout, stderr } = await runAgent(...words);
      assert.deepEqual([code, stdout], [2, ''], words.join(' '));
      const [sentence = '', ...usage] = stderr.trimEnd().split('\n');
      assert.match(sentence, /^innkeeper-agent: "[^"]+" .+\.$/);
      assert.ok(usage[0]?.startsWith('innkeeper-agent serve'), stderr);
    }
  });

  it('says why it cannot listen, and ends', async () => {
    const { code, stderr } = await runAgent('serve', '--no-virtio', '--listen', 'unix:/nowhere/at/all.sock');
    assert.equal(code, 1);
    assert.match(stderr, /ENOENT/);
  });
});
