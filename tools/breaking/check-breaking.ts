import { execFileSync, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** The file that accepts a breaking change: a hash of all schemas and the reason. See docs/develop/schemas.md. */
export const acceptedFile = 'proto/accepted-break.txt';

/** `skipped`: nothing to compare with, for the reason in `text`. */
export interface BreakingResult {
  readonly outcome: 'compatible' | 'accepted' | 'broken' | 'skipped';
  readonly text: string;
}

/**
 * Compares the schemas of a working tree with those of main. Needs no network. Skipped when git
 * does not have main's schemas: in a copy without git, or in a clone of depth 1.
 */
export function checkBreaking(root: string): BreakingResult {
  const git = (...args: string[]): string | undefined => runGit(root, args);
  if (git('rev-parse', '--git-dir') === undefined) return skipped('this is not a git checkout');
  const base = baseOf(git);
  if (base === undefined) return skipped('this clone has no earlier commit');
  if (git('rev-parse', '--verify', '--quiet', `${base}:proto`) === undefined)
    return skipped(`${base.slice(0, 10)} has no schemas`);
  const folder = mkdtempSync(join(tmpdir(), 'innkeeper-schemas-'));
  try {
    mkdirSync(join(folder, 'base'));
    const archive = execFileSync('git', [...safe, 'archive', base, 'proto'], { cwd: root, maxBuffer: maxArchiveBytes });
    execFileSync('tar', ['-x', '-C', join(folder, 'base')], { input: archive });
    cpSync(join(root, 'buf.yaml'), join(folder, 'base', 'buf.yaml'));
    const against = ['breaking', '--against', join(folder, 'base')];
    const { status, stdout, stderr, error } = spawnSync('buf', against, { cwd: root, encoding: 'utf8' });
    if (error !== undefined) throw error;
    if (status === 0) return { outcome: 'compatible', text: `compatible with ${base.slice(0, 10)}` };
    return judge(root, base, `${stdout}${stderr}`);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

const maxArchiveBytes = 64 * 1024 * 1024;
/** Works whoever owns the checkout. */
const safe = ['-c', 'safe.directory=*'];

function judge(root: string, base: string, found: string): BreakingResult {
  const hash = hashOfSchemas(root);
  const file = join(root, acceptedFile);
  const accepted = existsSync(file) ? readFileSync(file, 'utf8') : '';
  if (accepted.split('\n').some((line) => line.startsWith(`${hash} `)))
    return { outcome: 'accepted', text: `${acceptedFile} accepts these breaking changes:\n${found}` };
  const how = `Other programs of the same release line would misread these messages. Add a field or a method instead. If the change is intended, replace the content of ${acceptedFile} by this line, with the reason after it:\n${hash} `;
  return {
    outcome: 'broken',
    text: `The schemas are not wire-compatible with ${base.slice(0, 10)}.\n${found}${how}`,
  };
}

/** A hash of every schema's path and content. */
export function hashOfSchemas(root: string): string {
  const hash = createHash('sha256');
  const names = readdirSync(join(root, 'proto'), { recursive: true, encoding: 'utf8' });
  for (const name of names.filter((each) => each.endsWith('.proto')).sort())
    hash
      .update(`${name}\0`)
      .update(readFileSync(join(root, 'proto', name)))
      .update('\0');
  return hash.digest('hex').slice(0, 16);
}

/**
 * The commit to compare with: the merge base with main; on main itself the previous commit, or the last one while there
 * are uncommitted changes.
 */
function baseOf(git: (...args: string[]) => string | undefined): string | undefined {
  const head = git('rev-parse', '--verify', '--quiet', 'HEAD');
  if (head === undefined) return undefined;
  for (const main of ['origin/main', 'main']) {
    const fork = git('merge-base', 'HEAD', main);
    if (fork !== undefined && fork !== head) return fork;
  }
  if (git('status', '--porcelain', '--', 'proto') !== '') return head;
  return git('rev-parse', '--verify', '--quiet', 'HEAD^');
}

/** The output of git; undefined when it fails. */
function runGit(root: string, args: readonly string[]): string | undefined {
  const { status, stdout } = spawnSync('git', [...safe, ...args], { cwd: root, encoding: 'utf8' });
  return status === 0 ? stdout.trim() : undefined;
}

function skipped(why: string): BreakingResult {
  return { outcome: 'skipped', text: `Schemas were not compared with main: ${why}.` };
}
