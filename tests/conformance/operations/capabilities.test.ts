import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { nativeCapabilities, sharedCapabilities } from './capabilities.ts';
import { caseTable } from './case-table.ts';
import { needsOf } from './conformance-case.ts';
import { foreignDialects } from './dialects/foreign-dialects.ts';

const cases = Object.values(caseTable).flat();
const needed = new Set(cases.flatMap(needsOf));

describe('the capabilities of dialects', () => {
  it('each is needed by some case', () => {
    const all = [...sharedCapabilities, ...nativeCapabilities];
    assert.deepEqual(
      all.filter((capability) => !needed.has(capability)),
      [],
    );
  });

  it('each that is called shared is had by some foreign dialect', () => {
    const had = sharedCapabilities.filter((each) => foreignDialects.some(({ lacks }) => lacks[each] === undefined));
    assert.deepEqual(had, sharedCapabilities);
  });

  for (const { name, lacks, requests, testedElsewhere } of foreignDialects) {
    it(`${name}: whatever is lacking has one reason, and leaves out some case`, () => {
      for (const [capability, reason] of Object.entries(lacks)) {
        assert.match(reason, /^\S.{4,}[^.\s]$/u, capability);
        assert.ok(
          cases.some((row) => needsOf(row).includes(capability as never)),
          capability,
        );
      }
    });

    it(`${name}: no request is listed twice, and what is tested elsewhere is a request`, () => {
      assert.equal(new Set(requests).size, requests.length);
      for (const request of Object.keys(testedElsewhere)) assert.ok(requests.includes(request), request);
    });
  }
});
