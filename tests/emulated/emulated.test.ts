import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { whyNoCrossBuild } from '../../tools/build-agent/cross-toolchain.ts';
import { otherTarget, targetNames } from '../../tools/build-agent/targets.ts';
import { failuresOf, runOperations } from '../conformance/operations/run-variant.ts';

const root = join(import.meta.dirname, '..', '..');
const { emulator } = targetNames[otherTarget];
const skip = whyNoCrossBuild(otherTarget, join(root, '.cache', 'agent')) ?? false;
const environment = {
  INNKEEPER_TEST_AGENT: join(root, 'dist', 'agent', `innkeeper-agent-linux-${otherTarget}`),
  INNKEEPER_TEST_EMULATOR: emulator,
};

describe(`the agent for ${otherTarget}, under an emulator of user programs`, { skip }, () => {
  before(() => promisify(execFile)(process.execPath, ['tools/build-agent.ts', '--arch', otherTarget], { cwd: root }), {
    // 20 s of one processor.
    timeout: 200_000,
  });

  it('every operation conforms, in the native dialect and in AgentMessage', async () => {
    // The other dialects, and the other form of frames, are TypeScript alone, the same on every architecture.
    const { code, output } = await runOperations(environment, {
      words: ['--test-skip-pattern=AgentMessage, magic|QGA|JSON frames|HTTP'],
    });
    assert.equal(code, 0, failuresOf(output));
    assert.ok(Number(/^# pass (\d+)/m.exec(output)?.[1]) > 150, output.slice(-1000));
  });
});
