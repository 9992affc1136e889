import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { readTracked, trackedFiles } from './source-files.ts';

const page = 'docs/operate/data.md';

/** Calls of node:fs, and commands of the shell, that remove, move over or empty a file of the host. */
const inTypeScript =
  /\b(rm|rmSync|rmdir|rmdirSync|unlink|unlinkSync|rename|renameSync|truncate|truncateSync|writeFile|writeFileSync|copyFile|copyFileSync|removeTree|removeTemporary)\(/;
const inShell = /^\s*[^#]*\b(rm|mv|truncate)\s/m;

/** Sources of programs that run on a host; an agent's files are its guest's affair. */
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
  // Files of a guest have methods of the same names.
  const calls = text
    .replaceAll(/(\w+|\))\.(rename|writeFile)\(/g, '')
    .replaceAll(/async (function )?#?writeFile\(/g, '');
  return /from 'node:fs(\/promises)?'|unfinished\.ts'/.test(text) && inTypeScript.test(calls);
}

describe('what removes or writes over files of the host', () => {
  it(`stands in ${page}, with what proves that it may`, () => {
    const table = readTracked(page);
    const unnamed = hostSources()
      .filter(removes)
      .filter((file) => !table.includes(`\`${file.replace(/^apps\/innkeeper\/src\/|^apps\/|^packages\//, '')}\``));
    assert.deepEqual(unnamed, [], `name each in ${page}`);
  });

  it('is there: the page names no file that is gone', () => {
    const named = [...readTracked(page).matchAll(/`([a-z-]+\/[a-z/-]+(?:\.ts|\.sh|agent))`/g)].map((match) => match[1]);
    const files = trackedFiles();
    const gone = named.filter((name) => !files.some((file) => file.endsWith(`/${name}`) || file === name));
    assert.deepEqual(gone, []);
    assert.ok(named.length > 20);
  });
});
