import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { OperationError } from '@innkeeper/client';
import { reasons } from '@innkeeper/contract/errors';
import { readTracked, trackedFiles } from './source-files.ts';

/** What the API answers, and what the SDK says of its own. */
const speaking = /^(packages\/(client|contract)\/src|apps\/innkeeper\/src\/(access|api|audit|edge|node|ports|relay))\//;

describe('errors for everybody who calls the API', () => {
  it('name no command of inn, neither in the registry nor where they are thrown', () => {
    const named = Object.entries(reasons).filter(([, { next }]) => /\binn\b/.test(next));
    assert.deepEqual(named, []);
    const files = trackedFiles().filter(
      (file) => speaking.test(file) && file.endsWith('.ts') && !/\.test\.ts$|\/(testing|fake|gen)\//.test(file),
    );
    const lines = files.flatMap((file) =>
      readTracked(file)
        .split('\n')
        .filter((line) => /["“`]inn [a-z]/.test(line) && !/^\s*(\*|\/[/*])/.test(line))
        .map((line) => `${file}: ${line.trim()}`),
    );
    assert.deepEqual(lines, []);
  });

  it('are a class that the SDK exports, with a reason and a next step', () => {
    const error = new OperationError('VM_NOT_FOUND', 'There is no VM "x".');
    assert.deepEqual([error.reason, error.nextStep], ['VM_NOT_FOUND', reasons.VM_NOT_FOUND.next]);
  });
});
