import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { findAgentBinary } from './agent-binary.ts';

describe('findAgentBinary()', () => {
  let folder: string;
  before(async () => {
    folder = await mkdtemp(join(tmpdir(), 'innkeeper-agent-'));
  });
  after(() => rm(folder, { recursive: true }));

  async function file(name: string, text: string, mode: number): Promise<string> {
    await writeFile(join(folder, name), text, { mode });
    return join(folder, name);
  }

  it('an agent binary is identified by its version and its build', async () => {
    const found = await findAgentBinary(await file('good', '#!/bin/sh\necho innkeeper-agent 1.2.3\n', 0o755));
    assert.equal(found?.version, '1.2.3');
    assert.match(found.build, /^[0-9a-f]{12}$/);
  });

  it('an agent for the other architecture is found next to the first, if it is an ELF file for it', async () => {
    const own = await file(`agent-${process.arch}`, '#!/bin/sh\necho innkeeper-agent 1.2.3\n', 0o755);
    const [name, machine] = process.arch === 'x64' ? ['arm64', 183] : ['x64', 62];
    const alone = await findAgentBinary(own);
    await file(`agent-${name}`, 'something else', 0o644);
    assert.deepEqual(await findAgentBinary(own), alone);
    const elf = `\x7fELF\x02\x01\x01${'\0'.repeat(11)}${String.fromCharCode(machine)}\0`;
    await writeFile(join(folder, `agent-${name}`), elf, 'latin1');
    const both = await findAgentBinary(own);
    assert.deepEqual(Object.keys(both?.paths ?? {}).sort(), ['amd64', 'arm64']);
    assert.notEqual(both?.build, alone?.build);
  });

  it('a missing agent binary is undefined', async () => {
    assert.equal(await findAgentBinary(join(folder, 'none')), undefined);
  });

  it('an agent binary that does not run or prints no version is refused with a next step', async () => {
    for (const path of [await file('data', 'no program', 0o644), await file('mute', '#!/bin/sh\n', 0o755)]) {
      await assert.rejects(findAgentBinary(path), { reason: 'INVALID_ARGUMENT', nextStep: /npm run build:agent/ });
    }
  });
});
