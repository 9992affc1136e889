import assert from 'node:assert/strict';
import { getEventListeners } from 'node:events';
import { describe, it } from 'node:test';
import { linkSignals } from './link-signals.ts';
import { onAbort, orAborted } from './on-abort.ts';
import { pause, type Timers, withDeadline } from './timers.ts';

/** Timers that the test fires. */
function manualTimers(): Timers & { readonly waiting: Map<number, () => void> } {
  const waiting = new Map<number, () => void>();
  return {
    waiting,
    setTimer: (delayMs, callback) => {
      waiting.set(delayMs, callback);
      return () => waiting.delete(delayMs);
    },
  };
}

const listenersOf = (signal: AbortSignal): number => getEventListeners(signal, 'abort').length;

describe('onAbort', () => {
  it('onAbort() calls once with the reason, also when the signal is already aborted', () => {
    const controller = new AbortController();
    const seen: unknown[] = [];
    onAbort(controller.signal, (reason) => seen.push(reason));
    controller.abort('why');
    onAbort(controller.signal, (reason) => seen.push(reason));
    assert.deepEqual(seen, ['why', 'why']);
    assert.equal(listenersOf(controller.signal), 0);
  });

  it('onAbort() leaves no listener behind when its work is over, and does nothing without a signal', () => {
    const { signal } = new AbortController();
    const stop = onAbort(signal, () => assert.fail());
    assert.equal(listenersOf(signal), 1);
    stop();
    assert.equal(listenersOf(signal), 0);
    onAbort(undefined, () => assert.fail())();
  });
});

describe('orAborted', () => {
  it('orAborted() rejects with the reason while the work continues, and leaves no listener behind', async () => {
    const controller = new AbortController();
    const waiting = orAborted(new Promise(() => undefined), controller.signal);
    controller.abort(new Error('enough'));
    await assert.rejects(waiting, { message: 'enough' });
    assert.equal(listenersOf(controller.signal), 0);
  });

  it('orAborted() settles as the work when that is first', async () => {
    const { signal } = new AbortController();
    assert.equal(await orAborted(Promise.resolve(7), signal), 7);
    await assert.rejects(orAborted(Promise.reject(new Error('its own')), signal), { message: 'its own' });
    assert.equal(listenersOf(signal), 0);
  });
});

describe('linkSignals', () => {
  it('a linked signal is aborted with the first of several signals, with its reason', () => {
    const [one, other] = [new AbortController(), new AbortController()];
    const linked = linkSignals(one.signal, undefined, other.signal);
    other.abort('other');
    one.abort('one');
    assert.equal(linked.signal.reason, 'other');
    assert.equal(linkSignals(one.signal).signal.reason, 'one');
  });

  it('a linked signal can be aborted without aborting the others, and removes its listeners', () => {
    const parent = new AbortController();
    const linked = linkSignals(parent.signal);
    linked.abort('self');
    assert.equal(parent.signal.aborted, false);
    linked.unlink();
    assert.equal(listenersOf(parent.signal), 0);
  });
});

describe('pause', () => {
  it('delay() resolves after its time, and immediately on abort', async () => {
    const timers = manualTimers();
    const controller = new AbortController();
    const first = pause(timers, 5, controller.signal);
    timers.waiting.get(5)?.();
    await first;
    assert.equal(listenersOf(controller.signal), 0);
    const second = pause(timers, 6, controller.signal);
    controller.abort();
    await second;
    assert.equal(timers.waiting.has(6), false);
    await pause(timers, 7, controller.signal);
  });
});

describe('withDeadline', () => {
  const late = (): Error => new Error('too late');

  it('withDeadline() rejects at the deadline with the given error, and aborts the work', async () => {
    const timers = manualTimers();
    let reason: unknown;
    const running = withDeadline({ timers, timeoutMs: 9, late }, (signal) => {
      onAbort(signal, (why) => {
        reason = why;
      });
      return new Promise(() => undefined);
    });
    timers.waiting.get(9)?.();
    await assert.rejects(running, { message: 'too late' });
    assert.equal((reason as Error).message, 'too late');
  });

  it("withDeadline() rejects with the caller's reason, and leaves neither a timer nor a listener", async () => {
    const timers = manualTimers();
    const caller = new AbortController();
    const options = { timers, timeoutMs: 9, signal: caller.signal, late };
    assert.equal(await withDeadline(options, async () => 3), 3);
    const running = withDeadline(options, () => new Promise(() => undefined));
    caller.abort(new Error('left'));
    await assert.rejects(running, { message: 'left' });
    assert.equal(timers.waiting.size, 0);
    assert.equal(listenersOf(caller.signal), 0);
  });

  it('withDeadline() sets no timer when the deadline is 0', async () => {
    const timers = manualTimers();
    await withDeadline({ timers, timeoutMs: 0, late }, async () => assert.equal(timers.waiting.size, 0));
  });
});
