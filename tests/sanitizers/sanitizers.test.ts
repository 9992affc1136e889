import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { whyNoSanitizers } from '../../tools/build-agent/checked-variant.ts';
import { ownTarget } from '../../tools/build-agent/targets.ts';

const root = join(import.meta.dirname, '..', '..');
const agent = join(root, 'dist', 'agent', `innkeeper-agent-linux-${ownTarget}-asan`);
/** A child of the C layer ends on its stack without returning, so frames may not be moved to one of the sanitizer’s own. */
const options = { ASAN_OPTIONS: 'detect_stack_use_after_return=0', INNKEEPER_TEST_AGENT: agent };
const skip = whyNoSanitizers() ?? false;

interface Ended {
  readonly code: number | null;
  readonly output: string;
}

async function run(
  program: string,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): Promise<Ended> {
  // Inside of a test, node:test would take the runner for a test file, and run nothing.
  const { NODE_TEST_CONTEXT: _, ...environment } = process.env;
  const child = spawn(program, words, { cwd: root, env: { ...environment, ...options, ...variables } });
  const [stdout, stderr, [code]] = await Promise.all([
    child.stdout.toArray(),
    child.stderr.toArray(),
    once(child, 'close') as Promise<[number | null]>,
  ]);
  return { code, output: `${stdout.join('')}${stderr.join('')}` };
}

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
      const { code, output } = await run(agent, ['--self-test'], { INNKEEPER_COLLECT_EVERY: every });
      assert.equal(code, 0, output);
      assert.doesNotMatch(output, /FAIL|Sanitizer|runtime error/);
      assert.ok(output.split('\n').filter((line) => line.startsWith('ok ')).length >= 13, output);
    });

  for (const [title, every] of [
    ['garbage collection as usual', '0'],
    ['a garbage collection at every 1,000th new object', '1000'],
  ] as const)
    it(`with sanitizers and ${title}, every operation conforms in every dialect`, async () => {
      const file = join('tests', 'conformance', 'operations', 'operations.test.ts');
      const words = ['--test', '--test-reporter=tap', file];
      const { code, output } = await run(process.execPath, words, { INNKEEPER_COLLECT_EVERY: every });
      assert.equal(code, 0, failuresOf(output));
      assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) > 150, output.slice(-1000));
    });
});

/** The parts of the output, in TAP, that say what failed. */
function failuresOf(output: string): string {
  const lines = output.split('\n');
  const starts = lines.flatMap((line, at) => (/^\s*not ok /.test(line) ? [at] : []));
  return starts
    .map((at) => lines.slice(at, at + 25).join('\n'))
    .join('\n')
    .slice(0, 20_000);
}
