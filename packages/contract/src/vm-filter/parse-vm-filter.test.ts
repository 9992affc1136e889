import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { filterFields } from './filter-fields.ts';
import { maxFilterCharacters, parseVmFilter } from './parse-vm-filter.ts';

const one = (text: string) => parseVmFilter(text).conditions[0];
const problem = (text: string) => parseVmFilter(text).problems[0];

describe('parseVmFilter()', () => {
  it('a VM filter is parsed into words and conditions', () => {
    assert.deepEqual(parseVmFilter('  web state:running agent:outdated mem>80 '), {
      conditions: [
        { kind: 'word', text: 'web', negated: false },
        { kind: 'text', field: 'state', value: 'running', negated: false },
        { kind: 'text', field: 'agent', value: 'outdated', negated: false },
        { kind: 'number', field: 'mem', operator: '>', value: 80, negated: false },
      ],
      problems: [],
    });
  });

  for (const { example } of Object.values(filterFields)) {
    it(`a VM filter accepts its documented example ${example}`, () => {
      assert.deepEqual(parseVmFilter(example).problems, []);
      assert.equal(parseVmFilter(example).conditions.length, 1);
    });
  }

  it('"!" negates a condition of a VM filter', () => {
    assert.deepEqual(one('!tag:env=prod'), { kind: 'text', field: 'tag', value: 'env=prod', negated: true });
  });

  it('a VM filter keeps the case of tags and lowercases everything else', () => {
    assert.deepEqual(one('tag:Env=Prod'), { kind: 'text', field: 'tag', value: 'Env=Prod', negated: false });
    assert.deepEqual(one('os:Debian'), { kind: 'text', field: 'os', value: 'debian', negated: false });
  });

  it('quoted text in a VM filter is taken literally', () => {
    assert.deepEqual(one('os:"debian gnu"'), { kind: 'text', field: 'os', value: 'debian gnu', negated: false });
    assert.deepEqual(one('"state:running"'), { kind: 'word', text: 'state:running', negated: false });
  });

  it('a VM filter accepts percentages and durations with units', () => {
    assert.deepEqual(one('disk>=90%'), { kind: 'number', field: 'disk', operator: '>=', value: 90, negated: false });
    assert.deepEqual(one('uptime>2d'), {
      kind: 'number',
      field: 'uptime',
      operator: '>',
      value: 172_800,
      negated: false,
    });
  });

  const wrong: readonly (readonly [string, number, number, RegExp])[] = [
    ['state:flying', 0, 12, /is not a valid state\. Use creating, .* or panicked/],
    ['web foo:bar', 4, 11, /no filter field "foo"/],
    ['mem>lots', 0, 8, /is not a valid percentage\. Write it as in mem>80/],
    ['state>1', 0, 7, /compared with ":"/],
    ['running:1', 0, 9, /Write state:running/],
    ['os:', 0, 3, /value is missing/],
    ['a !', 2, 3, /word is missing/],
    ['os:"debian', 0, 10, /not closed/],
    ['uptime>5', 0, 8, /is not a valid duration/],
  ];
  for (const [text, start, end, message] of wrong) {
    it(`the VM filter "${text}" is reported with position and problem`, () => {
      const found = problem(text);
      assert.deepEqual([found?.start, found?.end], [start, end]);
      assert.match(found?.message ?? '', message);
    });
  }

  it('a VM filter that is too long is reported as a problem', () => {
    assert.equal(parseVmFilter('x'.repeat(maxFilterCharacters + 1)).problems.length, 1);
  });

  it('parsing a VM filter never throws, and every problem is positioned within the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...'abm:!"<>=0 9.%dtagos') }), (text) => {
        for (const { start, end } of parseVmFilter(text).problems) {
          assert.ok(start >= 0 && start < end && end <= text.length);
        }
      }),
    );
  });
});
