import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { failureMeaning } from '../foreign/file-commands.ts';
import { qgaError } from './qga-error.ts';

const described = (description: string) => qgaError('guest-exec', { errorClass: 'GenericError', description });

describe('an error of a QGA agent', () => {
  it('has the reason that its description means', () => {
    const missing = 'Guest agent command failed, error was \'Failed to execute child process "x" (No such file)\'';
    assert.equal(described(missing).reason, 'COMMAND_NOT_FOUND');
    assert.equal(described('PID 7 does not exist').reason, 'EXEC_NOT_FOUND');
    assert.equal(described('anything else').reason, 'GUEST_IO');
  });

  it('is made at once of a description of megabytes, of which only the start counts', () => {
    const started = performance.now();
    const error = described('PID '.repeat(500_000));
    assert.deepEqual([error.reason, error.message.length < 500], ['GUEST_IO', true]);
    assert.equal(described(`${'x'.repeat(1000)} PID 7 does not exist`).reason, 'GUEST_IO');
    assert.equal(failureMeaning(`${'x'.repeat(1000)} No such file`), undefined);
    assert.ok(performance.now() - started < 5_000);
  });
});
