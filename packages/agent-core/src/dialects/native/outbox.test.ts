import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createDeferred } from '@innkeeper/kit';
import { settle } from '../../fake/manual-clock.ts';
import { Outbox } from './outbox.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);
const textOf = (bytes: Uint8Array): string => new TextDecoder().decode(bytes);

/** A channel whose writes complete on request. */
function slowChannel() {
  const written: string[] = [];
  let gate = createDeferred<void>();
  const write = async (bytes: Uint8Array): Promise<void> => {
    written.push(textOf(bytes));
    await gate.promise;
  };
  const pass = async (): Promise<void> => {
    const open = gate;
    gate = createDeferred<void>();
    open.resolve();
    await settle();
  };
  const fail = async (error: Error): Promise<void> => {
    gate.reject(error);
    await settle();
  };
  return { written, write, pass, fail };
}

describe('Outbox', () => {
  it('the outbox writes frames queued in the same turn together', async () => {
    const { written, write } = slowChannel();
    const outbox = new Outbox({ write });
    outbox.post(bytesOf('a'));
    outbox.post(bytesOf('b'));
    await settle();
    assert.deepEqual(written, ['ab']);
  });

  it('the outbox writes small frames before bulk, and makes a bulk frame only when it is written next', async () => {
    const { written, write, pass } = slowChannel();
    const outbox = new Outbox({ write });
    let made = 0;
    const bulk = (text: string) => () => {
      made++;
      return bytesOf(text);
    };
    const done = Promise.all([outbox.sendBulk(bulk('B1')), outbox.sendBulk(bulk('B2'))]);
    await settle();
    assert.equal(made, 1);
    outbox.post(bytesOf('s'));
    await pass();
    await pass();
    await pass();
    await done;
    assert.deepEqual(written, ['B1', 's', 'B2']);
  });

  it('the outbox makes senders wait when too many small frames are queued', async () => {
    const { write, pass } = slowChannel();
    const outbox = new Outbox({ write });
    outbox.post(bytesOf('first'));
    await settle();
    outbox.post(new Uint8Array(200_000));
    let sent = false;
    const sending = outbox.send(bytesOf('x')).then(() => {
      sent = true;
    });
    await settle();
    assert.equal(outbox.isFull, true);
    assert.equal(sent, false);
    await pass();
    await sending;
    assert.equal(outbox.isFull, false);
  });

  it('the outbox rejects all waiting senders when the channel fails', async () => {
    const { write, fail } = slowChannel();
    const outbox = new Outbox({ write });
    const first = outbox.sendBulk(() => bytesOf('a'));
    const second = outbox.sendBulk(() => bytesOf('b'));
    const outcomes = Promise.allSettled([first, second]);
    await settle();
    await fail(new Error('gone'));
    assert.deepEqual(
      (await outcomes).map(({ status }) => status),
      ['rejected', 'rejected'],
    );
    await assert.rejects(outbox.send(bytesOf('c')), /gone/);
    await assert.rejects(
      outbox.sendBulk(() => undefined),
      /gone/,
    );
  });

  it('the outbox continues after a frame that could not be made', async () => {
    const { written, write } = slowChannel();
    const outbox = new Outbox({ write });
    const broken = outbox.sendBulk(() => {
      throw new Error('unreadable');
    });
    const good = outbox.sendBulk(() => bytesOf('b'));
    await assert.rejects(broken, /unreadable/);
    await settle();
    assert.deepEqual(written, ['b']);
    outbox.close();
    await assert.rejects(Promise.race([good, outbox.send(bytesOf('c'))]), { reason: 'CANCELED' });
  });

  it('the outbox alternates streams without waiting while the channel accepts all, and parks one that is not ready', async () => {
    const written: string[] = [];
    const writeNow = (bytes: Uint8Array): number => written.push(textOf(bytes)) && bytes.length;
    const outbox = new Outbox({ write: () => Promise.reject(new Error('not needed')), writeNow });
    const stream = (name: string, count: number) => {
      let left = count;
      return () => (left-- > 0 ? bytesOf(name) : undefined);
    };
    let isReady = false;
    const first = outbox.sendStream(stream('a', 3), () => true);
    const second = outbox.sendStream(stream('b', 2), () => isReady);
    outbox.batch(() => outbox.post(bytesOf('s')));
    assert.deepEqual(written, ['s', 'a', 'a', 'a']);
    await first.done;
    isReady = true;
    second.resume();
    await second.done;
    assert.deepEqual(written.slice(4), ['b', 'b']);
  });

  it('the outbox ends a waiting stream', async () => {
    const { write } = slowChannel();
    const outbox = new Outbox({ write });
    const stream = outbox.sendStream(
      () => bytesOf('a'),
      () => false,
    );
    await settle();
    stream.end(new Error('over'));
    await assert.rejects(stream.done, /over/);
  });
});
