import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { parseExecWords } from './commands/exec.ts';
import { exitCodeOf } from './exit-codes.ts';
import { clean, cleanJson, cleanLines } from './output/clean.ts';
import { LogText } from './output/log-text.ts';
import { formatTable, toCsv } from './output/table.ts';
import { toYaml } from './output/yaml.ts';
import { parseCopyPath } from './parse-path.ts';
import { parseCount, parseDuration, parseSize } from './parse-values.ts';
import { wantsJson } from './run-program.ts';
import { suggest } from './suggest.ts';

const usage = { name: 'CliError', exitCode: 2 };

describe('arguments', () => {
  it('inn exec parses its own options up to the dashes or the first word; the rest is the guest’s command', () => {
    const parse = (...words: string[]) => {
      const { words: command, options } = parseExecWords(words, () => '');
      return [command, options];
    };
    assert.deepEqual(parse('--', 'ls', '-l'), [['ls', '-l'], {}]);
    assert.deepEqual(parse('ls', '-l', '--', '-u'), [['ls', '-l', '--', '-u'], {}]);
    assert.deepEqual(parse('--', '--', 'x'), [['--', 'x'], {}]);
    assert.deepEqual(parse('-u', 'bob', '-e', 'A=1', '-eB=2', '--', 'id', '-u'), [
      ['id', '-u'],
      { user: 'bob', env: ['A=1', 'B=2'] },
    ]);
    assert.deepEqual(parse('-T', '-n', '--timeout=3s', 'x'), [['x'], { tty: false, stdin: false, timeout: '3s' }]);
  });

  it('inn cp distinguishes paths in a guest from local ones', () => {
    assert.deepEqual(parseCopyPath('hello:/tmp/a:b'), { vm: 'hello', path: '/tmp/a:b' });
    for (const here of ['-', 'x', './hello:/x', '/a:/b', 'C:/x', 'Hello:/x', ':/x'])
      assert.deepEqual(parseCopyPath(here), { vm: undefined, path: here });
    for (const wrong of ['hello:', 'hello:x', 'hello:~/x']) assert.throws(() => parseCopyPath(wrong), usage);
  });

  it('parses sizes, durations and counts, and rejects malformed ones', () => {
    assert.deepEqual(
      ['512M', '2g', '1.5GiB', '64 KB', '10'].map((text) => parseSize(text, '--disk')),
      [536_870_912n, 2_147_483_648n, 1_610_612_736n, 65_536n, 10n],
    );
    for (const wrong of ['', 'M', '-1', '1X', '1e3', '0x10', '99999999999T'])
      assert.throws(() => parseSize(wrong, '--disk'), usage);
    assert.deepEqual(
      ['30s', '500ms', '2m', '1.5h', '4'].map((text) => parseDuration(text, '--timeout')),
      [30_000, 500, 120_000, 5_400_000, 4000],
    );
    for (const wrong of ['', 's', '-1s', '1d', '10000h']) assert.throws(() => parseDuration(wrong, '--timeout'), usage);
    assert.equal(parseCount('64', '--cpus', 1, 64), 64);
    for (const wrong of ['', '0', '65', '1.5', '1e1', 'x'])
      assert.throws(() => parseCount(wrong, '--cpus', 1, 64), usage);
  });

  it('-o json counts only before the dashes', () => {
    assert.ok(wantsJson(['ls', '-o', 'json']) && wantsJson(['--output=json']) && wantsJson(['-ojson']));
    assert.ok(!wantsJson(['exec', 'a', '--', '-o', 'json']) && !wantsJson(['show', 'json']) && !wantsJson(['-o']));
  });
});

describe('output', () => {
  const hostile = 'a\u001b[31m\u009b2J\r\n\u202e\u061c\u200fb';

  it('text from a guest is printed without control characters', () => {
    assert.equal(clean(hostile), 'a·[31m·2J·····b');
    assert.equal(cleanLines('one\ntwo\u001b[A\n', '  '), 'one\n  two·[A');
    assert.equal(cleanJson(JSON.stringify(hostile)), '"a\\u001b[31m\\u009b2J\\r\\n\\u202e\\u061c\\u200fb"');
    assert.equal(JSON.parse(cleanJson(JSON.stringify(hostile))), hostile);
    assert.equal(
      formatTable([{ hostile }], [{ title: 'X', value: (row) => row.hostile }], { headers: false }),
      'a·[31m·2J·····b\n',
    );
  });

  it('LogText keeps lines and tabs and removes escape sequences, wherever its chunks end', () => {
    const bytes = Buffer.from('one\ttwo\r\n\u001b]0;title\u0007ü\u009b2J\rover\n');
    for (let cut = 0; cut <= bytes.length; cut++) {
      const log = new LogText();
      const text = log.push(bytes.subarray(0, cut)) + log.push(bytes.subarray(cut)) + log.end();
      assert.equal(text, 'one\ttwo\n·]0;title·ü·2J·over\n', `cut at ${cut}`);
    }
    const cut = new LogText();
    assert.equal(cut.push(Buffer.from('a\r')) + cut.end(), 'a·');
  });

  it('tables are aligned by the width that a terminal shows', () => {
    const columns = [
      { title: 'NAME', value: (row: readonly string[]) => row[0] ?? '' },
      { title: 'N', align: 'right' as const, value: (row: readonly string[]) => row[1] ?? '' },
    ];
    const rows = [
      ['日本', '1'],
      ['x', '100'],
    ];
    assert.equal(formatTable(rows, columns, { headers: true }), 'NAME    N\n日本    1\nx     100\n');
    assert.equal(formatTable([['', '1']], columns, { headers: false }), '–  1\n');
  });

  it('YAML and CSV quote what would be ambiguous', () => {
    assert.equal(
      toYaml({ name: 'one', on: 'yes', n: 1, t: '12', e: [], o: {}, list: [{ a: 1, b: ['x: y'] }, 'z'] }),
      'name: one\n"on": "yes"\n"n": 1\nt: "12"\ne: []\no: {}\nlist:\n  - a: 1\n    b:\n      - "x: y"\n  - z\n',
    );
    assert.equal(toYaml([]), '[]\n');
    assert.equal(
      toCsv([
        ['a', 'b,"c"'],
        ['d', 'e\nf'],
      ]),
      'a,"b,""c"""\nd,"e\nf"\n',
    );
  });

  it('suggests similar words only', () => {
    assert.equal(suggest('hlelo', ['web', 'hello']), 'hello');
    assert.equal(suggest('helo', ['hello', 'halo']), 'hello');
    assert.equal(suggest('zzz', ['hello']), undefined);
    assert.equal(suggest('a', ['b', 'c']), undefined);
  });
});

describe('exit codes', () => {
  it('each kind of error has its exit code', () => {
    const codes = (
      [
        ['VM_NOT_FOUND', 3],
        ['INVALID_NAME', 2],
        ['PRIVILEGE_MISSING', 4],
        ['VM_NAME_TAKEN', 5],
        ['VM_BUSY', 5],
        ['AGENT_UNREACHABLE', 6],
        ['VM_NOT_RUNNING', 6],
        ['DEADLINE_EXCEEDED', 7],
        ['CANCELED', 130],
        ['INTERNAL', 1],
        ['DAEMON_UNREACHABLE', 1],
      ] as const
    ).map(([reason, code]) => [exitCodeOf(new OperationError(reason, '')), code]);
    for (const [got, wanted] of codes) assert.equal(got, wanted);
    assert.equal(exitCodeOf(Object.assign(new Error(), { code: 'ENOENT' })), 3);
    assert.equal(exitCodeOf('odd'), 1);
  });
});
