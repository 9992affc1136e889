import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import fc from 'fast-check';
import { safeNext } from './safe-next.ts';

describe('safeNext()', () => {
  before(() => {
    Object.assign(globalThis, { location: { origin: 'https://console.example' } });
  });

  it('safeNext keeps an address of this console', () => {
    assert.equal(safeNext('/vms?filter=a%3Ab#x'), '/vms?filter=a%3Ab#x');
  });

  for (const next of [
    null,
    '',
    'https://evil.example/',
    '//evil.example',
    '/\\evil.example',
    'javascript:alert(1)',
    '/login?next=/login',
    '/.//evil.example',
    '/..//evil.example/x',
    '/%2e//evil.example',
    '/./\\evil.example',
    '/\t/evil.example',
    '//',
    'http://[',
  ])
    it(`safeNext rejects ${JSON.stringify(next)}`, () => assert.equal(safeNext(next), '/'));

  it('safeNext returns an address of this console, also when it is parsed again', () => {
    const parts = [
      '/',
      '\\',
      '.',
      '..',
      '%2e',
      '%2f',
      '%5c',
      '@',
      ':',
      '?',
      '#',
      '\t',
      '\n',
      'evil.example',
      'http:',
      'vms',
    ];
    const text = fc.array(fc.constantFrom(...parts), { maxLength: 8 }).map((each) => `/${each.join('')}`);
    fc.assert(
      fc.property(fc.oneof(text, fc.string()), (next) => {
        const path = safeNext(next);
        assert.match(path, /^\/(?!\/)/);
        const read = new URL(path, location.origin);
        assert.equal(read.origin, location.origin);
        assert.equal(`${read.pathname}${read.search}${read.hash}`, path);
      }),
      { numRuns: 2000, seed: 7 },
    );
  });
});
