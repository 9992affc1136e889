import assert from 'node:assert/strict';
import { describe, it, mock } from 'node:test';
import { OperationError } from '@innkeeper/contract/errors';
import { FakeSockets } from '../testing/fake-sockets.ts';
import { cutOverlap, isLoss, Resume } from './resume.ts';
import { ResumingSocket, type SocketState } from './resuming-socket.ts';

const lost = new OperationError('DAEMON_UNREACHABLE', 'gone');

describe('Resume', () => {
  it('waits longer from attempt to attempt, up to 4 s', () => {
    const resume = new Resume();
    assert.deepEqual(
      Array.from({ length: 6 }, () => resume.lost()),
      [250, 500, 1000, 2000, 4000, 4000],
    );
    assert.ok(resume.isLost);
  });

  it('gives up when its time is over, with the error that began it', async () => {
    const resume = new Resume({ withinMs: -1 });
    assert.equal(resume.lost(), undefined);
    await assert.rejects(resume.pause(lost, undefined), lost);
  });

  it('says whether it was lost before it came back', () => {
    const resume = new Resume();
    assert.equal(resume.back(), false);
    resume.lost();
    assert.equal(resume.back(), true);
    assert.equal(resume.isLost, false);
    resume.lost();
    resume.retrySoon();
    assert.equal(resume.lost(), 250);
  });

  it('rejects a pause with what an abort gives', async () => {
    const controller = new AbortController();
    const pausing = new Resume().pause(lost, controller.signal);
    controller.abort();
    await assert.rejects(pausing, { reason: 'CANCELED' });
  });
});

describe('cutOverlap', () => {
  const output = (offset: bigint, text: string) => ({ offset, data: new TextEncoder().encode(text) });

  it('drops what was had, and cuts what was had in part', () => {
    assert.equal(cutOverlap(output(0n, 'abc'), 3n), false);
    const partly = output(2n, 'cdef');
    assert.ok(cutOverlap(partly, 4n));
    assert.deepEqual(partly, output(4n, 'ef'));
    const fresh = output(9n, 'x');
    assert.ok(cutOverlap(fresh, 4n));
    assert.deepEqual(fresh, output(9n, 'x'));
  });

  it('lets a piece without bytes pass, since it carries something else', () => {
    assert.ok(cutOverlap(output(3n, ''), 3n));
  });
});

describe('ResumingSocket', () => {
  const open = (options: { readonly isPatient?: boolean; readonly isEnd?: () => boolean } = {}) => {
    const sockets = new FakeSockets();
    const states: SocketState[] = [];
    let error: unknown;
    const socket = new ResumingSocket({
      ...{ open: sockets.open, path: () => '/v1/x', persistence: options.isPatient === true ? 'forever' : 'minute' },
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

  it('does not try again what never opened, unless it is to be patient', () =>
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

  it('rests when a daemon that is back refuses it', () =>
    withTimers(() => {
      const { sockets, states, error } = open();
      sockets.last.events.opened();
      sockets.lose();
      mock.timers.tick(250);
      sockets.lose(new OperationError('TERMINAL_NOT_FOUND', 'No.'));
      assert.deepEqual(states, ['open', 'lost', 'closed']);
      assert.equal(OperationError.from(error()).reason, 'TERMINAL_NOT_FOUND');
    }));

  it('rests after code 1000, unless the caller knows better', () =>
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

  it('hears nothing of a connection that it closed, and sends nothing while it is away', () => {
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

  it('tries at once when it is told to', () =>
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
