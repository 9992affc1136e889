import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { errorMessage } from './error-message.ts';
import { KeyedMutex } from './keyed-mutex.ts';
import { Listeners } from './listeners.ts';
import { Notifier } from './notifier.ts';
import { randomId } from './random-id.ts';
import { Semaphore } from './semaphore.ts';

describe('Notifier', () => {
  it('a notifier wakes all current waiters, and not later ones', async () => {
    const notifier = new Notifier();
    const woken: string[] = [];
    const waits = ['a', 'b'].map((name) => notifier.changed().then(() => woken.push(name)));
    notifier.notify();
    const later = notifier.changed().then(() => woken.push('later'));
    await Promise.all(waits);
    assert.deepEqual(woken, ['a', 'b']);
    notifier.notify();
    await later;
  });

  it('a notifier checks a condition now and at each change', async () => {
    const notifier = new Notifier();
    let count = 0;
    await notifier.until(() => true);
    const waiting = notifier.until(() => count === 2);
    for (count = 1; count <= 2; count++) {
      notifier.notify();
      if (count === 2) break;
      await Promise.resolve();
    }
    await waiting;
  });

  it("waiting for a notifier rejects with the signal's reason, also when it is already aborted", async () => {
    const notifier = new Notifier();
    const controller = new AbortController();
    const waiting = notifier.until(() => false, controller.signal);
    controller.abort(new Error('left'));
    await assert.rejects(waiting, { message: 'left' });
    await assert.rejects(
      notifier.until(() => false, controller.signal),
      { message: 'left' },
    );
  });
});

describe('Semaphore', () => {
  it('a semaphore admits as many as it has permits, and the others in order', async () => {
    const semaphore = new Semaphore(2);
    const [one, two] = [await semaphore.acquire(), await semaphore.acquire()];
    const order: number[] = [];
    const enter = async (name: number): Promise<() => void> => {
      const release = await semaphore.acquire();
      order.push(name);
      return release;
    };
    const [third, fourth] = [enter(3), enter(4)];
    assert.equal(semaphore.waiting, 2);
    one();
    one();
    (await third)();
    two();
    (await fourth)();
    assert.deepEqual(order, [3, 4]);
    assert.equal(semaphore.waiting, 0);
  });

  it('a semaphore passes a permit on when a waiter gives up or its work fails', async () => {
    const semaphore = new Semaphore(1);
    const release = await semaphore.acquire();
    const controller = new AbortController();
    const left = semaphore.acquire(controller.signal);
    controller.abort(new Error('left'));
    await assert.rejects(left, { message: 'left' });
    await assert.rejects(semaphore.acquire(controller.signal), { message: 'left' });
    const failing = semaphore.run(() => Promise.reject(new Error('work')));
    release();
    await assert.rejects(failing, { message: 'work' });
    assert.equal(await semaphore.run(async () => 5), 5);
  });
});

describe('Listeners', () => {
  it('listeners are called until they are removed, and a function added twice is called twice', () => {
    const listeners = new Listeners<number>();
    const seen: number[] = [];
    const listener = (value: number): void => void seen.push(value);
    const remove = listeners.add(listener);
    listeners.add(listener);
    listeners.emit(1);
    remove();
    listeners.emit(2);
    assert.deepEqual(seen, [1, 1, 2]);
    assert.equal(listeners.size, 1);
  });

  it('a listener can remove itself and others while it is called', () => {
    const listeners = new Listeners();
    let calls = 0;
    const remove = listeners.add(() => {
      calls++;
      remove();
    });
    listeners.add(() => calls++);
    listeners.emit();
    listeners.emit();
    assert.equal(calls, 3);
  });
});

describe('KeyedMutex', () => {
  it('a keyed mutex runs work of one key sequentially, also after a failure, and different keys concurrently', async () => {
    const mutex = new KeyedMutex();
    const order: string[] = [];
    const first = Promise.withResolvers<void>();
    const failing = mutex.run('a', async () => {
      await first.promise;
      order.push('a1');
      throw new Error('a1');
    });
    const second = mutex.run('a', async () => order.push('a2'));
    await mutex.run('b', async () => order.push('b'));
    first.resolve();
    await assert.rejects(failing, { message: 'a1' });
    await second;
    assert.deepEqual(order, ['b', 'a1', 'a2']);
  });
});

describe('errorMessage and randomId', () => {
  it('errorMessage() returns the message of an Error, and any other value as text', () => {
    assert.deepEqual([new TypeError('bad'), 'text', undefined, 7].map(errorMessage), ['bad', 'text', 'undefined', '7']);
  });

  it('randomId() formats 16 bytes as 32 hexadecimal digits', () => {
    assert.equal(
      randomId((count) => Uint8Array.from({ length: count }, (_, at) => at * 17)),
      '00112233445566778899aabbccddeeff',
    );
  });
});
