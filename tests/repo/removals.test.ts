import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

const page = 'docs/operate/data.md';

/** Calls of node:fs and shell commands that remove, overwrite or truncate a file of the host. */
const inTypeScript =
  /\b(rm|rmSync|rmdir|rmdirSync|unlink|unlinkSync|rename|renameSync|truncate|truncateSync|writeFile|writeFileSync|copyFile|copyFileSync|removeTree|removeTemporary)\(/;
const inShell = /^\s*[^#]*\b(rm|mv|truncate)\s/m;

/** Sources of programs that run on a host; an agent only removes files of its guest. */
function hostSources(): string[] {
  return trackedFiles().filter(
    (file) =>
      /^(apps\/(innkeeper|cli)\/src|packages\/(hypervisor|images|store|kit|agent-client)\/src|packaging)\//.test(
        file,
      ) && !/\.test\.ts$|\/(testing|fake)\//.test(file),
  );
}

function removes(file: string): boolean {
  const text = readTracked(file);
  if (!file.endsWith('.ts')) return inShell.test(text);
  // The methods for a guest's files have the same names, and linked signals are unlinked.
  const calls = text
    .replaceAll('.unlink()', '')
    .replaceAll(/(\w+|\))\.(rename|writeFile)\(/g, '')
    .replaceAll(/async (function )?#?writeFile\(/g, '');
  return /from 'node:fs(\/promises)?'|unfinished\.ts'/.test(text) && inTypeScript.test(calls);
}

describe('code that removes or overwrites files of the host', () => {
  it(`every source that removes or overwrites files of the host is listed in ${page} with its justification`, () => {
    const table = readTracked(page);
    const unnamed = hostSources()
      .filter(removes)
      .filter((file) => !table.includes(`\`${file.replace(/^apps\/innkeeper\/src\/|^apps\/|^packages\//, '')}\``));
    assert.deepEqual(unnamed, [], `name each in ${page}`);
  });

  it(`${page} lists no missing file`, () => {
    const named = [...readTracked(page).matchAll(/`([a-z-]+\/[a-z/-]+(?:\.ts|\.sh|agent))`/g)].map((match) => match[1]);
    const files = trackedFiles();
    const gone = named.filter((name) => !files.some((file) => file.endsWith(`/${name}`) || file === name));
    assert.deepEqual(gone, []);
    assert.ok(named.length > 20);
  });
});
