import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import { acceptedFile, checkBreaking, hashOfSchemas } from '../../tools/breaking/check-breaking.ts';
import { root } from './source-files.ts';

const schema = (fields: string): string => `syntax = "proto3";\npackage a.v1;\nmessage M {\n${fields}\n}\n`;

describe('schemas against main', () => {
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-breaking-'));
  const repository = join(folder, 'repository');
  const git = (...args: string[]): unknown =>
    execFileSync('git', ['-c', 'user.name=x', '-c', 'user.email=x@y', ...args], { cwd: repository, stdio: 'pipe' });
  const write = (fields: string): void => writeFileSync(join(repository, 'proto', 'a.proto'), schema(fields));
  const commit = (): unknown => [git('add', '-A'), git('commit', '-q', '--allow-empty', '-m', 'x')];
  const path = process.env['PATH'];
  before(() => {
    process.env['PATH'] = `${join(root, 'node_modules', '.bin')}:${path}`;
    mkdirSync(join(repository, 'proto'), { recursive: true });
    cpSync(join(root, 'buf.yaml'), join(repository, 'buf.yaml'));
    git('init', '-q', '-b', 'main');
  });
  after(() => {
    process.env['PATH'] = path;
    rmSync(folder, { recursive: true });
  });

  it('schemas are not compared, with a reason, if main has none or the clone has one commit', () => {
    commit();
    assert.match(checkBreaking(repository).text, /this clone has no earlier commit/);
    write('  string a = 1;');
    assert.match(checkBreaking(repository).text, /has no schemas/);
    commit();
    const clone = join(folder, 'shallow');
    git('clone', '-q', '--depth=1', `file://${repository}`, clone);
    assert.equal(checkBreaking(clone).outcome, 'skipped');
    assert.equal(checkBreaking(folder).outcome, 'skipped');
  });

  it('a new field of a schema is compatible, and a changed type is not: uncommitted, on main, or on a branch', () => {
    write('  string a = 1;\n  string b = 2;');
    assert.equal(checkBreaking(repository).outcome, 'compatible');
    commit();
    write('  int64 a = 1;\n  string b = 2;');
    assert.equal(checkBreaking(repository).outcome, 'broken');
    git('checkout', '-q', '-b', 'change');
    commit();
    commit();
    assert.equal(checkBreaking(repository).outcome, 'broken');
    git('checkout', '-q', 'main');
    git('merge', '-q', '--ff-only', 'change~1');
    const { outcome, text } = checkBreaking(repository);
    assert.equal(outcome, 'broken');
    assert.match(text, /proto\/a\.proto:4/);
  });

  it('an incompatible schema is accepted by a line with its hash, and only in that state', () => {
    writeFileSync(join(repository, acceptedFile), `${hashOfSchemas(repository)} nothing was released yet\n`);
    git('commit', '-q', '--amend', '--no-edit', '-a');
    commit();
    git('reset', '-q', '--soft', 'HEAD~2');
    assert.equal(checkBreaking(repository).outcome, 'accepted');
    write('  bool a = 1;\n  string b = 2;');
    assert.equal(checkBreaking(repository).outcome, 'broken');
  });
});
