import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { parseConfig } from '../../packages/agent-core/src/config/read-config.ts';

const text = readFileSync(join(import.meta.dirname, '../../packaging/agent/agent.toml'), 'utf8');

describe('the agent’s settings in its packages', () => {
  it('agent.toml of the packages sets nothing', () => {
    const { problems, policy, path, ...others } = parseConfig(text, 'agent.toml');
    assert.deepEqual(problems, []);
    assert.equal(policy.rateLimits.size, 0);
    for (const value of [...Object.values({ ...policy, rateLimits: undefined }), ...Object.values(others)])
      assert.equal(value, undefined);
  });

  it('every example in agent.toml of the packages is valid', () => {
    const examples = text.replaceAll(/^#(?! )/gm, '');
    const { problems, policy, telemetryIntervalMs } = parseConfig(examples, 'agent.toml');
    assert.deepEqual(problems, []);
    assert.equal(telemetryIntervalMs, 5000);
    assert.deepEqual([...policy.rateLimits.keys()], ['all', 'file.write']);
    assert.deepEqual(policy.roots?.value, ['/srv', '/var/log']);
  });
});
