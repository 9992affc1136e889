import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { addFindings, noResults } from './test-results.ts';
import { closingPart } from './total.ts';

const folder = mkdtempSync(join(tmpdir(), 'innkeeper-run-tests-'));
after(() => rmSync(folder, { recursive: true }));

/** Runs test files with these contents as one suite, and returns the closing part of the output and the exit code. */
function run(
  files: Readonly<Record<string, string>>,
  limits: { timeoutMs?: number; graceMs?: number } = {},
): { closing: string; status: number | null } {
  const own = mkdtempSync(join(folder, 'suite-'));
  for (const [name, text] of Object.entries(files)) {
    const source = `import { after, before, describe, it } from 'node:test';\n${text}`;
    writeFileSync(join(own, `${name}.test.mjs`), source);
  }
  const suite = { name: 'fixture', globs: [join(own, '*.test.mjs')], concurrency: 2, timeoutMs: 60_000, ...limits };
  const here = (name: string): string => JSON.stringify(pathToFileURL(join(import.meta.dirname, name)).href);
  const script = `import { runSuite } from ${here('run-tests.ts')}; import { totalOf } from ${here('total.ts')};
    process.exit(totalOf([runSuite(${JSON.stringify(suite)})]));`;
  const { stdout, status } = spawnSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    cwd: own,
  });
  // The spec reporter prints its own list of failures before it.
  const begins = [stdout.indexOf('\nSkipped:\n'), stdout.indexOf('\nFailed:\n'), 0].find((index) => index >= 0);
  return { closing: stdout.slice(begins).trim(), status };
}

describe('the closing part of npm test', () => {
  it('a failed test is listed with its file, line, title and error right above the totals', () => {
    const text = `describe('adding', () => {
      it('works', () => {});
      it('is exact', () => { throw new Error('2 is not 3\\nsecond line'); });
    });`;
    const { closing, status } = run({ sums: text });
    assert.match(
      closing,
      /^Failed:\n {2}✖ sums\.test\.mjs:4: adding › is exact\n {6}Error: 2 is not 3\n {6}second line\n {10}at .*sums.*\n(?: {10}at .*\n)*\n1 passed, 1 failed, 0 skipped$/,
    );
    assert.equal(status, 1);
  });

  it('a test marked as todo fails the run, whether it passes or fails', () => {
    const { closing, status } = run({
      todo: `it('passes', { todo: 'later' }, () => {}); it('fails', { todo: true }, () => { throw new Error('no'); });`,
    });
    assert.match(
      closing,
      /✖ todo\.test\.mjs:2: passes\n {6}It is marked as todo \(“later”\), which hides its result\./,
    );
    assert.match(
      closing,
      /✖ todo\.test\.mjs:2: fails\n {6}It is marked as todo, which hides its result\.\n {6}Error: no/,
    );
    assert.match(closing, /\n0 passed, 2 failed, 0 skipped$/);
    assert.equal(status, 1);
  });

  it('skipped tests and groups are counted by their reason', () => {
    const { closing, status } = run({
      skips: `it('a', { skip: 'no KVM' }, () => {}); it('b', (t) => t.skip('no KVM')); 
        describe('d', { skip: 'not root' }, () => { it('e', () => {}); }); it('f', () => {});`,
    });
    assert.equal(closing, 'Skipped:\n    2 × no KVM\n    1 × not root\n\n1 passed, 0 failed, 3 skipped');
    assert.equal(status, 0);
  });

  it('a test that is skipped without a reason fails the run', () => {
    const { closing, status } = run({ skips: `it('a', { skip: true }, () => {}); it('b', () => {});` });
    assert.match(closing, /✖ skips\.test\.mjs:2: a\n {6}It is skipped without a reason: .*\n\n1 passed, 1 failed/);
    assert.equal(status, 1);
  });

  it('a file that crashes is named with the test that was running and the end of its stderr', () => {
    const { closing } = run({
      crash: `it('good', () => {}); it('bad', () => new Promise(() => {
        console.error('about to die'); setTimeout(() => process.kill(process.pid, 'SIGKILL'), 100); }));`,
      missing: `import 'no-such-package';`,
    });
    assert.match(closing, /✖ crash\.test\.mjs: the whole file\n.*ended by SIGKILL during “bad”\.\n {6}about to die\n/);
    assert.match(closing, /✖ missing\.test\.mjs: the whole file\n.*with exit code 1\.\n(.*\n)*?.*no-such-package/);
    assert.match(closing, /\n\d passed, 2 failed, 0 skipped$/);
  });

  it('a test that takes too long, a failed hook and an error after the tests are named', () => {
    const { closing } = run(
      {
        slow: `it('never ends', () => new Promise((resolve) => { const timer = setTimeout(resolve, 5000); after(() => clearTimeout(timer)); }));`,
        hooks: `describe('group', () => { before(() => { throw new Error('no daemon'); }); it('needs it', () => {}); });`,
        late: `it('passes', () => { setTimeout(() => { throw new Error('too late'); }, 20); });`,
      },
      { timeoutMs: 1000 },
    );
    assert.match(closing, /✖ slow\.test\.mjs:2: never ends\n {6}test timed out after 1000ms\n/);
    assert.match(closing, /✖ hooks\.test\.mjs:2: group\n {6}Error: no daemon\n/);
    assert.match(closing, /✖ hooks\.test\.mjs:2: group › needs it\n/);
    assert.match(closing, /✖ late\.test\.mjs: after its tests\n {6}Error: .*too late/);
    assert.match(closing, /\n1 passed, 4 failed, 0 skipped$/);
  });

  it('a file that stays open after its tests, or hangs before or in a hook, is ended and named', () => {
    const { closing, status } = run(
      {
        left: `it('passes', () => { setInterval(() => {}, 1000); });`,
        stuck: `it('passes', () => {}); after(() => new Promise(() => { setInterval(() => {}, 1000); }));`,
        early: `await new Promise(() => { setInterval(() => {}, 1000); });`,
        deaf: `process.on('SIGTERM', () => {}); it('passes', () => { setInterval(() => {}, 1000); });`,
        late: `it('first', () => {}); await new Promise((resolve) => setTimeout(resolve, 200)); it('second', () => {});`,
      },
      { timeoutMs: 3000, graceMs: 2000 },
    );
    const left = 'it was still running 2 s after its last test';
    assert.match(closing, new RegExp(`✖ left\\.test\\.mjs: the whole file\n.*was ended because ${left}`));
    assert.match(closing, new RegExp(`✖ deaf\\.test\\.mjs: the whole file\n.*was ended because ${left}`));
    assert.match(closing, /✖ stuck\.test\.mjs/);
    assert.match(closing, /✖ early\.test\.mjs: the whole file\n.*nothing happened in it for 5 s/);
    assert.doesNotMatch(closing, /late/);
    assert.equal(status, 1);
  });

  it('a suite that finds no file fails and names what it looked for', () => {
    const { closing, status } = run({});
    assert.match(closing, /✖ .*\*\.test\.mjs: the suite “fixture”\n {6}No test ran\.\n/);
    assert.equal(status, 1);
  });

  it('an error is cut to 14 lines, and to fewer if many tests failed', () => {
    const error = Array.from({ length: 100 }, (_, index) => `line ${index}`).join('\n');
    const failure = { where: 'a.test.ts:1', title: 'fails', error };
    const lines = (count: number): number =>
      closingPart({ ...noResults(), passed: 1, failures: Array.from({ length: count }, () => failure) }).split('\n')
        .length;
    assert.equal(lines(1) - lines(0), 3 + 14 + 1);
    assert.equal(lines(50) - lines(0), 2 + 50 * (1 + 4 + 1));
    assert.equal(lines(500) - lines(0), 2 + 500 * (1 + 1 + 1));
  });

  it('files that took 10 s or longer are listed, the slowest first', () => {
    const fileMs = new Map([
      ['quick.test.ts', 9999],
      ['slow.test.ts', 12_000],
      ['slowest.test.ts', 61_000],
    ]);
    assert.match(
      closingPart({ ...noResults(), passed: 1, fileMs }),
      /^\nSeconds:\n {3}61 slowest\.test\.ts\n {3}12 slow\.test\.ts\n\n1 passed, /,
    );
  });

  it('the time of each file is measured', () => {
    const results = noResults();
    addFindings(results, `${JSON.stringify({ took: { file: 'a.test.ts', ms: 5 } })}\n{}\n`);
    assert.deepEqual([...results.fileMs, results.passed], [['a.test.ts', 5], 1]);
  });

  it('the time of each suite is listed when there are several', () => {
    const tookMs = new Map([
      ['unit', 84_400],
      ['VMs', 600_000],
    ]);
    assert.match(
      closingPart({ ...noResults(), passed: 1, tookMs, busy: new Map([['unit', 0.706]]) }),
      /^\nSeconds:\n {3}84 unit \(processors 71 % busy\)\n {2}600 VMs\n\n1 passed, /,
    );
    assert.match(closingPart({ ...noResults(), passed: 1, tookMs: new Map([['unit', 84_400]]) }), /^\n1 passed, /);
  });
});
