import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { MessageInitShape } from '@bufbuild/protobuf';
import { OutputStream, ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { type LiteType, liteEncode } from '@innkeeper/contract/lite';
import { createDeferred } from '@innkeeper/kit';
import type { Dispatcher } from '../../dispatch.ts';
import { FakeHost } from '../../fake/fake-host.ts';
import { settle } from '../../fake/manual-clock.ts';
import { HostError } from '../../host-error.ts';
import { ExecTable } from './exec-table.ts';

const { exec } = ProcessServiceLite;

type Message = typeof exec.output extends LiteType<infer Desc> ? MessageInitShape<Desc> : never;

/** A table whose commands do what the test says. */
class Commands {
  readonly host = new FakeHost();
  readonly table: ExecTable;
  readonly #calls: { readonly sink: Parameters<Dispatcher['call']>[2]; fail(): void }[] = [];

  constructor() {
    this.host.files.putFolder('/var/tmp');
    const call: Dispatcher['call'] = (_name, _requests, sink) => {
      const over = createDeferred<void>();
      this.#calls.push({ sink, fail: () => over.reject(new Error('The command was lost.')) });
      return over.promise;
    };
    this.table = new ExecTable(this.host, { call });
  }

  async start(pid: number): Promise<void> {
    const id = `${this.#calls.length}`;
    const started = this.table.start({ id, argv: ['a'], environment: undefined, input: undefined, capture: 'stdout' });
    await this.event(this.#calls.length - 1, { event: { case: 'started', value: { pid } } });
    assert.equal(await started, pid);
  }

  async event(at: number, message: Message): Promise<void> {
    await this.#calls[at]?.sink(liteEncode(exec.output, message));
  }

  async output(at: number, data: Uint8Array): Promise<void> {
    await this.event(at, { event: { case: 'output', value: { stream: OutputStream.STDOUT, data } } });
  }

  async lose(at: number): Promise<void> {
    this.#calls[at]?.fail();
    await settle();
  }
}

describe('ExecTable', () => {
  it('a pid that the kernel gives again belongs to the later command, and the output of the earlier one is released', async () => {
    const commands = new Commands();
    await commands.start(7);
    const first = commands.table.take(7);
    await commands.output(0, Uint8Array.of(1, 2));
    await commands.event(0, { event: { case: 'exited', value: {} } });
    assert.equal(first?.out.spool.bytes, 2);
    await commands.start(7);
    assert.equal(first.out.spool.bytes, 0);
    const second = commands.table.take(7);
    assert.notEqual(second, first);
    await commands.start(7);
    await commands.lose(1);
    assert.ok(commands.table.take(7) !== undefined && commands.table.take(7) !== second);
  });

  it('output behind a part that found no room is not kept', async () => {
    const commands = new Commands();
    await commands.start(7);
    const { write } = commands.host.files;
    commands.host.files.write = () => {
      throw new HostError('ENOSPC', 'write');
    };
    await commands.output(0, new Uint8Array(70_000));
    commands.host.files.write = write;
    await commands.output(0, Uint8Array.of(1));
    const entry = commands.table.take(7);
    assert.deepEqual([entry?.out.isTruncated, entry?.out.spool.bytes], [true, 0]);
  });
});
