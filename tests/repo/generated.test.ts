import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { protocolDocs } from '../../tools/docs/protocol-docs.ts';
import { readTracked, root } from './source-files.ts';

describe('generated files', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-generated-'));
  after(() => rmSync(folder, { recursive: true }));

  it('generated files match the schemas', () => {
    cpSync(join(root, 'proto'), join(folder, 'proto'), { recursive: true });
    const environment = { ...process.env, PATH: `${join(root, 'node_modules', '.bin')}:${process.env['PATH']}` };
    execFileSync('buf', ['generate', '--output', folder], { cwd: root, env: environment });
    const made = filesBelow(join(folder, 'packages', 'contract', 'src', 'gen'));
    const kept = filesBelow(join(root, 'packages', 'contract', 'src', 'gen'));
    assert.deepEqual([...kept.keys()].sort(), [...made.keys()].sort(), 'run npm run generate');
    for (const [name, content] of made) assert.equal(kept.get(name), content, `${name} is stale: run npm run generate`);
  });

  it('generated pages of errors, methods and limits in docs/protocol are up to date', () => {
    for (const [path, content] of protocolDocs())
      assert.equal(readTracked(path), content, `${path} is stale: run npm run generate`);
  });
});

function filesBelow(folder: string): Map<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return new Map(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), readFileSync(path, 'utf8')];
    }),
  );
}
