import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeSockets } from '../testing/fake-sockets.ts';
import { cutOverlap, isLoss, Resume } from './resume.ts';
import { ResumingSocket, type SocketState } from './resuming-socket.ts';

const lost = new OperationError('DAEMON_UNREACHABLE', 'gone');

describe('Resume', () => {
  it('Resume doubles the wait between attempts, up to 4 s', () => {
    const resume = new Resume();
    assert.deepEqual(
      Array.from({ length: 6 }, () => resume.lost()),
      [250, 500, 1000, 2000, 4000, 4000],
    );
    assert.ok(resume.isLost);
  });

  it('Resume gives up after its time limit and rejects with the original error', async () => {
    const resume = new Resume({ withinMs: -1 });
    assert.equal(resume.lost(), undefined);
    await assert.rejects(resume.pause(lost, undefined), lost);
  });

  it('Resume reports whether the connection was lost before it came back', () => {
    const resume = new Resume();
    assert.equal(resume.back(), false);
    resume.lost();
    assert.equal(resume.back(), true);
    assert.equal(resume.isLost, false);
    resume.lost();
    resume.retrySoon();
    assert.equal(resume.lost(), 250);
  });

  it('Resume rejects an aborted pause with CANCELED', async () => {
    const controller = new AbortController();
    const pausing = new Resume().pause(lost, controller.signal);
    controller.abort();
    await assert.rejects(pausing, { reason: 'CANCELED' });
  });
});

describe('cutOverlap', () => {
  const output = (offset: bigint, text: string) => ({ offset, data: new TextEncoder().encode(text) });

  it('cutOverlap drops output received before and trims output that was partly received', () => {
    assert.equal(cutOverlap(output(0n, 'abc'), 3n), false);
    const partly = output(2n, 'cdef');
    assert.ok(cutOverlap(partly, 4n));
    assert.deepEqual(partly, output(4n, 'ef'));
    const fresh = output(9n, 'x');
    assert.ok(cutOverlap(fresh, 4n));
    assert.deepEqual(fresh, output(9n, 'x'));
  });

  it('cutOverlap keeps output without bytes, which carries other information', () => {
    assert.ok(cutOverlap(output(3n, ''), 3n));
  });
});

describe('ResumingSocket', () => {
  const open = (options: { readonly isPatient?: boolean; readonly isEnd?: () => boolean } = {}) => {
    const sockets = new FakeSockets();
    const states: SocketState[] = [];
    let error: unknown;
    const socket = new ResumingSocket({
      open: sockets.open,
      path: () => '/v1/x',
      persistence: options.isPatient === true ? 'forever' : 'minute',
      isEnd: options.isEnd,
      onState: (state, why) => {
        states.push(state);
        error = why;
      },
      onText: () => undefined,
      onBytes: () => undefined,
    });
    return { sockets, states, socket, error: () => error };
  };
  const withTimers = (act: () => void): void => {
    mock.timers.enable({ apis: ['setTimeout'] });
    try {
      act();
    } finally {
      mock.timers.reset();
    }
  };

  it('a ResumingSocket does not retry a first connection that failed, unless its persistence is "forever"', () =>
    withTimers(() => {
      const hasty = open();
      hasty.sockets.lose(lost);
      assert.deepEqual(hasty.states, ['closed']);
      assert.ok(isLoss(hasty.error()));
      const patient = open({ isPatient: true });
      patient.sockets.lose(lost);
      mock.timers.tick(250);
      assert.deepEqual(patient.states, ['lost']);
      assert.equal(patient.sockets.sockets.length, 2);
    }));

  it('a ResumingSocket closes when the daemon is back but refuses the connection', () =>
    withTimers(() => {
      const { sockets, states, error } = open();
      sockets.last.events.opened();
      sockets.lose();
      mock.timers.tick(250);
      sockets.lose(new OperationError('TERMINAL_NOT_FOUND', 'No.'));
      assert.deepEqual(states, ['open', 'lost', 'closed']);
      assert.equal(OperationError.from(error()).reason, 'TERMINAL_NOT_FOUND');
    }));

  it('a ResumingSocket closes after close code 1000, unless isEnd says otherwise', () =>
    withTimers(() => {
      const ended = open();
      ended.sockets.last.events.opened();
      ended.sockets.last.events.closed(1000);
      assert.deepEqual(ended.states, ['open', 'closed']);
      const lasting = open({ isEnd: () => false });
      lasting.sockets.last.events.opened();
      lasting.sockets.last.events.closed(1000);
      assert.deepEqual(lasting.states, ['open', 'lost']);
    }));

  it('a ResumingSocket ignores events of a connection it closed, and sends nothing while disconnected', () => {
    const { sockets, states, socket } = open();
    assert.equal(socket.send('early'), false);
    sockets.last.events.opened();
    assert.equal(socket.send('"now"'), true);
    const { events, sent } = sockets.last;
    socket.close();
    events.closed(1006);
    assert.equal(socket.send('late'), false);
    assert.deepEqual(states, ['open', 'closed']);
    assert.deepEqual(sent, ['now']);
  });

  it('a ResumingSocket reconnects at once on retryNow, and only once', () =>
    withTimers(() => {
      const { sockets, socket } = open();
      sockets.last.events.opened();
      sockets.lose();
      socket.retryNow();
      socket.retryNow();
      assert.equal(sockets.sockets.length, 2);
      mock.timers.tick(5000);
      assert.equal(sockets.sockets.length, 2);
    }));
});
