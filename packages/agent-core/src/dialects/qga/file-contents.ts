import type { ReadHandleDone } from '@innkeeper/contract/agent';
import { FileHandleServiceLite as service } from '@innkeeper/contract/agent-lite';
import { OperationError } from '@innkeeper/contract/errors';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { errnoText, type JsonValue, maxReadBytes, object, QgaError, Streamed } from '@innkeeper/wire';
import { Spool } from '../../file/spool.ts';
import type { ContentCommand, ContentSession, WriteAnswer } from './content-command.ts';

const defaultReadBytes = 4096n;
/** A content up to here is read before the answer begins, whose members then have qemu-ga's order. */
const wholeBytes = 48 * 1024;

/** guest-file-read and guest-file-write. */
export const fileContentCommands: readonly ContentCommand[] = [
  {
    name: 'guest-file-read',
    needs: [service.read],
    prepare: (parameters) => {
      const handle = parameters.integer('handle');
      const count = parameters.optionalInteger('count') ?? defaultReadBytes;
      return (session) => read(handle, count, session);
    },
  },
  {
    name: 'guest-file-write',
    needs: [service.write],
    prepare: (parameters) => {
      const handle = parameters.integer('handle');
      const { bytes } = parameters.content('buf-b64');
      const count = parameters.optionalInteger('count') ?? BigInt(bytes);
      return (session) => write(handle, count, bytes, session);
    },
  },
];

async function read(handle: bigint, count: bigint, session: ContentSession): Promise<JsonValue | WriteAnswer> {
  if (count < 0n || count > maxReadBytes) throw new QgaError(`value '${count}' is invalid for argument count`);
  if (count > wholeBytes) return (rest) => stream(handle, count, session, rest);
  const spool = new Spool(session.host);
  session.afterwards(() => spool.close());
  const done = await call(handle, count, session, (data) => spool.append(data));
  return object({ count: done.bytes, 'buf-b64': spool.bytes === 0 ? '' : new Streamed(spool), eof: done.end });
}

/** Written as it is read: how much it is comes after it. */
async function stream(handle: bigint, count: bigint, session: ContentSession, rest: string): Promise<void> {
  const { writer } = session;
  let hasBegun = false;
  let bytes = 0;
  const begin = async (): Promise<void> => {
    if (!hasBegun) await writer.text('{"return": {"buf-b64": "');
    hasBegun = true;
  };
  let end = false;
  try {
    const done = await call(handle, count, session, async (data) => {
      await begin();
      bytes += data.length;
      await writer.content(data);
    });
    end = done.end;
  } catch (error) {
    // What was read is in the answer, as after any short read; the next one has the error.
    if (!hasBegun) throw error;
  }
  await begin();
  await writer.endContent();
  await writer.text(`", "count": ${bytes}, "eof": ${end}}${rest}}\n`);
}

async function call(
  handle: bigint,
  length: bigint,
  { dispatcher, signal }: ContentSession,
  take: (data: Uint8Array) => Promise<void>,
): Promise<ReadHandleDone> {
  let done: ReadHandleDone | undefined;
  const sink = async (body: Uint8Array): Promise<void> => {
    const { event } = liteDecode(service.read.output, body);
    if (event.case === 'data') await take(event.value);
    else if (event.case === 'done') done = event.value;
  };
  const request = liteEncode(service.read.input, { handle, length });
  await onHandle(
    handle,
    'read file',
    dispatcher.call(service.read.name, only(request), sink, { signal, timeoutMs: 0 }),
  );
  if (done === undefined) throw new QgaError('failed to read file: it has no end');
  return done;
}

async function write(handle: bigint, count: bigint, bytes: number, session: ContentSession): Promise<JsonValue> {
  if (count < 0n || count > bytes) throw new QgaError(`value '${count}' is invalid for argument count`);
  const { dispatcher, signal } = session;
  const spool = session.takeContent();
  session.afterwards(() => spool.close());
  let written = 0n;
  const sink = async (body: Uint8Array): Promise<void> => {
    written = liteDecode(service.write.output, body).bytes;
  };
  const requests = requestsOf(handle, spool, Number(count));
  await onHandle(
    handle,
    'write to file',
    dispatcher.call(service.write.name, requests, sink, { signal, timeoutMs: 0 }),
  );
  return object({ count: written, eof: false });
}

async function onHandle(handle: bigint, what: string, done: Promise<void>): Promise<void> {
  try {
    await done;
  } catch (error) {
    if (error instanceof QgaError) throw error;
    const known = OperationError.from(error);
    throw new QgaError(
      known.reason === 'HANDLE_NOT_FOUND'
        ? `handle '${handle}' has not been found`
        : `failed to ${what}: ${errnoText(known)}`,
    );
  }
}

async function* only(request: Uint8Array): AsyncGenerator<Uint8Array> {
  yield request;
}

async function* requestsOf(handle: bigint, spool: Spool, count: number): AsyncGenerator<Uint8Array> {
  yield liteEncode(service.write.input, { input: { case: 'handle', value: handle } });
  for (const data of spool.read(count)) yield liteEncode(service.write.input, { input: { case: 'data', value: data } });
}
