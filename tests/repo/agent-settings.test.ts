import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseConfig } from '../../packages/agent-core/src/config/read-config.ts';
import { readTracked } from './source-files.ts';

const path = '/etc/innkeeper/agent.toml';

describe('examples of the agent’s settings', () => {
  it('the example in docs/operate/agent.md is a file without errors', () => {
    const [, example = ''] = /```toml\n([\s\S]*?)```/u.exec(readTracked('docs/operate/agent.md')) ?? [];
    assert.match(example, /\[policy\]/);
    assert.deepEqual(parseConfig(example, path).problems, []);
  });

  it('the file in the agent’s packages sets nothing, and has no errors when its examples are used', () => {
    const text = readTracked('packaging/agent/agent.toml');
    const { problems, policy } = parseConfig(text, path);
    assert.deepEqual(
      [problems, policy.readOnly, policy.featuresOff, policy.rateLimits.size],
      [[], undefined, undefined, 0],
    );
    const used = text.replace(/^#(?=[a-z"[])/gm, '');
    assert.match(used, /^read_only = true$/m);
    assert.deepEqual(parseConfig(used, path).problems, []);
  });
});
