import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findAgentBinary } from './agent-binary.ts';

describe('the agent that is put into images', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-agent-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string, mode: number): Promise<string> {
    await writeFile(join(folder, name), text, { mode });
    return join(folder, name);
  }

  it('is known by its version and its build', async () => {
    const found = await findAgentBinary(await file('good', '#!/bin/sh\necho innkeeper-agent 1.2.3\n', 0o755));
    assert.equal(found?.version, '1.2.3');
    assert.match(found.build, /^[0-9a-f]{12}$/);
  });

  it('may be missing', async () => {
    assert.equal(await findAgentBinary(join(folder, 'none')), undefined);
  });

  it('is refused with what to do when it does not run, or says nothing', async () => {
    for (const path of [await file('data', 'no program', 0o644), await file('mute', '#!/bin/sh\n', 0o755)]) {
      await assert.rejects(findAgentBinary(path), { reason: 'INVALID_ARGUMENT', nextStep: /npm run build:agent/ });
    }
  });
});
