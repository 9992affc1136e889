import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { until } from '@innkeeper/kit/testing';
import { linked } from './fake/linked-qga.ts';
import type { QgaModelAnswer, QgaModelOptions } from './fake/qga-model.ts';

/** Files of an agent whose command `failing` never answers as it should, and the handles that are open. */
function files(failing: string) {
  const open = new Set<number>();
  let last = 1000;
  const answers: NonNullable<QgaModelOptions['answers']> = {
    'guest-file-open': (): QgaModelAnswer => {
      open.add(++last);
      return { return: last };
    },
    'guest-file-read': () => ({ return: { count: 1, 'buf-b64': 'eA==', eof: true } }),
    'guest-file-write': () => ({ return: { count: 1, eof: false } }),
    'guest-file-seek': () => ({ return: { position: 0, eof: false } }),
    'guest-file-flush': () => ({ return: {} }),
    'guest-file-close': ({ handle }): QgaModelAnswer => {
      open.delete(Number(handle));
      return { return: {} };
    },
  };
  let isFailing = false;
  return {
    open,
    fail: (): void => {
      isFailing = true;
    },
    options: {
      answers,
      instead: (command: string) => (isFailing && command === failing ? Buffer.from('?\n') : undefined),
    } satisfies QgaModelOptions,
  };
}

describe('handles of a QGA agent', () => {
  for (const command of ['guest-file-seek', 'guest-file-read'])
    it(`a download closes its handle when ${command} is answered by garbage`, async () => {
      const { open, fail, options } = files(command);
      await using one = await linked(options, { sampleMs: 60_000 });
      fail();
      const read = async (): Promise<void> => {
        for await (const piece of one.link.readFile({ path: '/f' }).chunks) assert.ok(piece.length > 0);
      };
      await assert.rejects(read(), { reason: 'GUEST_MISBEHAVES' });
      assert.deepEqual([...open], []);
    });

  for (const command of ['guest-file-write', 'guest-file-flush'])
    it(`an upload closes its handle when ${command} is answered by garbage`, async () => {
      const { open, fail, options } = files(command);
      await using one = await linked(options, { sampleMs: 60_000 });
      fail();
      const write = one.link.writeFile({ path: '/f' }, async function* () {
        yield Buffer.from('x');
      });
      await assert.rejects(write, { reason: 'GUEST_MISBEHAVES' });
      assert.deepEqual([...open], []);
    });

  it('an upload that is aborted closes its handle', async () => {
    const { open, options } = files('none');
    await using one = await linked(options, { sampleMs: 60_000 });
    const controller = new AbortController();
    const write = one.link.writeFile(
      { path: '/f' },
      async function* () {
        yield Buffer.from('x');
        controller.abort(new Error('enough'));
        yield Buffer.from('y');
      },
      { signal: controller.signal },
    );
    await assert.rejects(write);
    assert.deepEqual([...open], []);
  });

  it('a report whose reading of /proc is cut closes its handle in a later exchange', async () => {
    const { open, fail, options } = files('guest-file-read');
    await using one = await linked(options);
    fail();
    const before = one.model.asked.length;
    await until(() => one.model.asked.slice(before).some(({ command }) => command === 'guest-file-close'));
    await until(() => open.size === 0 || one.link.state.state !== 'connected');
    await until(() => open.size === 0);
  });
});
