import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { whyNoSanitizers } from '../../tools/build-agent/checked-variant.ts';
import { ownTarget } from '../../tools/build-agent/targets.ts';
import { failuresOf, runOperations, runVariant } from '../conformance/operations/run-variant.ts';

const root = join(import.meta.dirname, '..', '..');
const agent = join(root, 'dist', 'agent', `innkeeper-agent-linux-${ownTarget}-asan`);
/** A child of the C layer ends on its stack without returning, so frames may not be moved to one of the sanitizer’s own. */
const options = { ASAN_OPTIONS: 'detect_stack_use_after_return=0', INNKEEPER_TEST_AGENT: agent };
const skip = whyNoSanitizers() ?? false;

describe('the agent with address and undefined-behaviour sanitizers', { skip, concurrency: 2 }, () => {
  before(
    () => promisify(execFile)(process.execPath, [join(root, 'tools', 'build-agent.ts'), '--variant', 'asan']),
    // 45 s of one processor.
    { timeout: 280_000 },
  );

  for (const [title, every] of [
    ['garbage collection as usual', '0'],
    ['a garbage collection at every new object', '1'],
  ] as const)
    it(`with sanitizers and ${title}, the self-test passes without a finding`, async () => {
      const { code, output } = await runVariant(agent, ['--self-test'], { ...options, INNKEEPER_COLLECT_EVERY: every });
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /FAIL|Sanitizer|runtime error/);
      assert.ok(output.split('\n').filter((line) => line.startsWith('ok ')).length >= 13, output);
    });

  // Not also with the usual collections: those happen here too, and the whole takes a minute of a processor.
  it('with sanitizers and a garbage collection at every 1,000th new object, every operation conforms in every dialect', async () => {
    const { code, output } = await runOperations({ ...options, INNKEEPER_COLLECT_EVERY: '1000' });
    assert.equal(code, 0, failuresOf(output));
    assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) > 150, output.slice(-1000));
  });
});
