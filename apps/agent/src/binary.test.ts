import assert from 'node:assert/strict';
import { readFile, stat } from 'node:fs/promises';
import { before, describe, it } from 'node:test';
import manifest from '../package.json' with { type: 'json' };
import { agentBinary, buildAgent, runAgent } from '../testing/running-agent.ts';

/** Types of program headers in a binary that needs a dynamic loader (elf(5)). */
const PT_DYNAMIC = 2;
const PT_INTERP = 3;

before(buildAgent, { timeout: 120_000 });

describe('the agent’s binary', () => {
  it('the agent’s binary is static: no interpreter, no dynamic section', async () => {
    const file = await readFile(agentBinary);
    assert.equal(file.subarray(0, 4).toString('latin1'), '\x7fELF');
    assert.equal(file[4], 2, '64 bits');
    const table = Number(file.readBigUInt64LE(32));
    const [size, count] = [file.readUInt16LE(54), file.readUInt16LE(56)];
    const types = Array.from({ length: count }, (_, index) => file.readUInt32LE(table + index * size));
    assert.ok(types.includes(1), 'has no PT_LOAD segment');
    assert.deepEqual(
      types.filter((type) => type === PT_DYNAMIC || type === PT_INTERP),
      [],
    );
  });

  it('the agent’s binary is at most 1 MiB', async () => {
    const { size } = await stat(agentBinary);
    assert.ok(size <= 1024 * 1024, `${size}`);
  });

  it('innkeeper-agent --version prints its version', async () => {
    const { code, stdout, stderr } = await runAgent('--version');
    assert.deepEqual([code, stdout, stderr], [0, `innkeeper-agent ${manifest.version}\n`, '']);
  });

  it('innkeeper-agent --self-test passes', async () => {
    const { code, stdout } = await runAgent('--self-test');
    assert.equal(code, 0, stdout);
    assert.ok(stdout.split('\n').filter((line) => line.startsWith('ok ')).length >= 9, stdout);
    assert.doesNotMatch(stdout, /FAIL/);
  });

  it('innkeeper-agent exits with 2 and one sentence on a usage error', async () => {
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
      assert.match(sentence, /^innkeeper-agent: unknown (?:command|option) "[^"]+".*\.$/);
      assert.ok(usage[0]?.startsWith('innkeeper-agent serve'), stderr);
    }
  });

  it('innkeeper-agent reports why it cannot listen, and exits', async () => {
    const { code, stderr } = await runAgent('serve', '--no-virtio', '--listen', 'unix:/nowhere/at/all.sock');
    assert.equal(code, 1);
    assert.match(stderr, /ENOENT/);
  });
});
