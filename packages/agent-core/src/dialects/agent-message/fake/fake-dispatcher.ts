import {
  ExecEventLite,
  ExecRequestLite,
  PingRequestLite,
  PingResponseLite,
  SystemLite,
  TelemetryLite,
  WriteFileEventLite,
  WriteFileRequestLite,
} from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { createDeferred, type Deferred } from '@innkeeper/kit';
import type { Dispatcher } from '../../../dispatch.ts';

/** Operations in memory: files, a process that ends on request, and telemetry on demand. */
export class FakeDispatcher implements Dispatcher {
  readonly files = new Map<string, string>();
  readonly processes = new Map<string, Deferred<void>>();
  readonly canceled: string[] = [];
  /** Calls of Watch that are open. */
  watching = 0;
  report: (() => Promise<void>) | undefined;

  async call(
    method: string,
    input: AsyncIterable<Uint8Array>,
    sink: (body: Uint8Array) => Promise<void>,
    options: { signal: AbortSignal; timeoutMs: number },
  ): Promise<void> {
    const name = method.split('/')[1];
    if (name === 'Ping') {
      for await (const body of input) {
        const { sequence } = liteDecode(PingRequestLite, body);
        await sink(liteEncode(PingResponseLite, { sequence, agentVersion: '9' }));
      }
    } else if (name === 'GetSystem') await sink(liteEncode(SystemLite, { hostname: 'guest', agentVersion: '9' }));
    else if (name === 'Watch') await this.#watch(sink, options.signal);
    else if (name === 'Exec') await this.#exec(input, sink, options.signal);
    else if (name === 'Write') await this.#write(input, sink);
    else throw new OperationError('UNKNOWN_METHOD', `No method ${method}.`);
  }

  async #watch(sink: (body: Uint8Array) => Promise<void>, signal: AbortSignal): Promise<void> {
    this.report = () => sink(liteEncode(TelemetryLite, { processCount: 5 }));
    this.watching++;
    try {
      await this.report();
      await aborted(signal);
    } finally {
      this.watching--;
    }
  }

  async #exec(input: AsyncIterable<Uint8Array>, sink: (body: Uint8Array) => Promise<void>, signal: AbortSignal) {
    for await (const body of input) {
      const request = liteDecode(ExecRequestLite, body).input;
      if (request.case !== 'start') throw new OperationError('INVALID_ARGUMENT', 'The first request must be start.');
      const ended = createDeferred<void>();
      this.processes.set(request.value.shellCommand, ended);
      await sink(liteEncode(ExecEventLite, { event: { case: 'started', value: { id: request.value.id } } }));
      try {
        await Promise.race([ended.promise, aborted(signal)]);
      } catch (error) {
        this.canceled.push(request.value.shellCommand);
        throw error;
      }
      const data = new TextEncoder().encode(request.value.shellCommand);
      await sink(liteEncode(ExecEventLite, { event: { case: 'output', value: { stream: 1, data } } }));
      await sink(
        liteEncode(ExecEventLite, {
          event: { case: 'exited', value: { status: { case: 'exitCode', value: 0 }, ending: 1 } },
        }),
      );
    }
  }

  async #write(input: AsyncIterable<Uint8Array>, sink: (body: Uint8Array) => Promise<void>): Promise<void> {
    let path = '';
    let content = '';
    for await (const body of input) {
      const { input: request } = liteDecode(WriteFileRequestLite, body);
      if (request.case === 'open') {
        path = request.value.path;
        if (request.value.append) content = this.files.get(path) ?? '';
        if (request.value.inPlaceOffset !== undefined)
          content = (this.files.get(path) ?? '').slice(0, Number(request.value.inPlaceOffset));
        await sink(
          liteEncode(WriteFileEventLite, { event: { case: 'opened', value: { offset: BigInt(content.length) } } }),
        );
      } else if (request.case === 'chunk') {
        if (request.value.offset !== BigInt(content.length)) throw new OperationError('UPLOAD_GAP', 'Wrong offset.');
        const text = new TextDecoder().decode(request.value.data);
        if (text.includes('full')) throw new OperationError('GUEST_DISK_FULL', 'No space.');
        content += text;
      } else if (request.case === 'commit') this.files.set(path, content);
    }
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    if (signal.aborted) reject(signal.reason);
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}
