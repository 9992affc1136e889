import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { Code, ConnectError } from '@connectrpc/connect';
import { OperationError } from '@innkeeper/contract/errors';
import { toOperationError } from './errors.ts';

describe('errors of the transport', () => {
  it('transport errors distinguish a socket of another user from a socket without a daemon', () => {
    const errorFor = (code: string): OperationError => {
      const cause = Object.assign(new Error(`connect ${code}`), { code });
      const error = new ConnectError('broken', Code.Internal, undefined, undefined, cause);
      const answer = toOperationError(error, { name: '/run/innkeeper.sock' });
      assert.ok(answer instanceof OperationError);
      return answer;
    };
    const refused = errorFor('EACCES');
    assert.deepEqual(
      [refused.reason, refused.message],
      ['DAEMON_UNREACHABLE', '/run/innkeeper.sock belongs to another user.'],
    );
    assert.match(refused.nextStep, /root.*with a token/);
    assert.equal(errorFor('ENOENT').message, 'No daemon answers on /run/innkeeper.sock.');
  });
});
