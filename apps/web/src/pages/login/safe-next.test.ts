import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { safeNext } from './safe-next.ts';

describe('safeNext()', () => {
  before(() => {
    Object.assign(globalThis, { location: { origin: 'https://console.example' } });
  });

  it('leads to where somebody wanted to go', () => {
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
  ])
    it(`does not lead to ${next}`, () => assert.equal(safeNext(next), '/'));
});
