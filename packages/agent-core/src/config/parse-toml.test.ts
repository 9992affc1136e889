import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { parseToml } from './parse-toml.ts';

const valuesOf = (text: string): Record<string, unknown> =>
  Object.fromEntries([...parseToml(text).entries].map(([name, { value }]) => [name, value]));

describe('parseToml()', () => {
  it('comments, sections, quoted names and lists over several lines are read, each with its line', () => {
    const text = `# first
a = 5 # not "b" = 6
t = true
s = "x # \\"y\\" \\u00e9"

[policy]
roots = [ # two
  "/a",
  "/b", # with a comma at the end
]
"file.write" = 7
[ rate_limits ]
none = []
`;
    const { entries, problems } = parseToml(text);
    assert.deepEqual(problems, []);
    assert.deepEqual(valuesOf(text), {
      a: 5,
      t: true,
      s: 'x # "y" é',
      'policy.roots': ['/a', '/b'],
      'policy.file.write': 7,
      'rate_limits.none': [],
    });
    assert.deepEqual([entries.get('policy.roots')?.line, entries.get('policy.file.write')?.line], [7, 11]);
  });

  it('each malformed line is a problem with its number, and the lines after it are read', () => {
    const lines = [
      'a',
      'b =',
      'c = no',
      'd = -1',
      'e = 1.5',
      'f = "open',
      'g = 1 2',
      '= 3',
      '[x',
      "h = 'single'",
      'i = 1',
      'i = 2',
      'j = ["a" "b"]',
      'k = [1]',
      'l = "\\x"',
      'z = 1',
    ];
    const { entries, problems } = parseToml(lines.join('\r\n'));
    assert.deepEqual(
      problems.map(({ line }) => line),
      [1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 12, 13, 14, 15],
    );
    assert.equal(problems.find(({ line }) => line === 12)?.message, '"i" is set in line 11 already');
    assert.equal(entries.get('z')?.line, 16);
  });

  it('a carriage return alone is an error, so that no comment hides the rules after it', () => {
    const { entries, problems } = parseToml('# my rules\rread_only = true\rroots = []\r');
    assert.deepEqual([...entries.keys()], []);
    assert.match(problems[0]?.message ?? '', /carriage return without a line feed/);
    assert.equal(parseToml('# note\r\na = 1 # one\r\nb = 2\r\n').problems.length, 0);
  });

  it('a list that is not closed is a problem in the line where its end is missing', () => {
    const { problems } = parseToml('a = ["x",\n"y"\n[policy]\n');
    assert.deepEqual(problems, [{ line: 3, message: '"," expected instead of "["' }]);
    assert.equal(parseToml('a = ["x"').problems.length, 1);
  });

  it('no text makes it throw or hang', () => {
    const piece = fc.constantFrom(
      '[',
      ']',
      '=',
      ',',
      '"',
      '\n',
      '#',
      ' ',
      '\r',
      'a',
      '1',
      'true',
      '\\',
      '\0',
      'é',
      '"x"',
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 60 }), (pieces) => {
        const { entries, problems } = parseToml(pieces.join(''));
        return entries.size + problems.length <= pieces.length + 1;
      }),
    );
  });
});
