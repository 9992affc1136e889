import { type DescMessage, type DescMethod, fromBinary, fromJsonString } from '@bufbuild/protobuf';
import { OperationError } from '@innkeeper/contract';
import { errorMessage } from '@innkeeper/kit';

/** How a call's one request message lies in its body. */
export interface BodyForm {
  /** gRPC, gRPC-web and Connect's streams: a byte of flags and four of length before the message. */
  readonly hasEnvelope: boolean;
  readonly isJson: boolean;
}

const envelopeBytes = 5;
const compressedFlag = 1;
const maxWhyChars = 200;
const maxFieldChars = 80;
/** What protobuf-es says of a JSON key that is not a field. */
const unknownField = /cannot decode message (\S+) from JSON: key "(.*)" is unknown/s;

/** The form that a content type stands for; undefined for one that no method takes. */
export function bodyForm(contentType: string | null): BodyForm | undefined {
  const match = /^application\/(connect\+|grpc-web\+|grpc\+)?(proto|json)(?: *; *charset=utf-8)?$/i.exec(
    contentType ?? '',
  );
  if (match !== null) return { hasEnvelope: match[1] !== undefined, isJson: match[2]?.toLowerCase() === 'json' };
  return /^application\/grpc(-web)?$/i.test(contentType ?? '') ? { hasEnvelope: true, isJson: false } : undefined;
}

/**
 * The body of a call, once all of it is there and is exactly one message of the method's: the Connect library answers
 * most malformed ones as if the fault were the server's, and a body that was cut off by a reset as if it were whole. Fails
 * with MALFORMED_REQUEST, CONTENT_UNSUPPORTED, REQUEST_TOO_LARGE. `isWhole` is asked when the body has ended.
 */
export async function* checkedBody(
  body: AsyncIterable<Uint8Array>,
  { method, form, maxBytes, isWhole }: { method: DescMethod; form: BodyForm; maxBytes: number; isWhole: () => boolean },
): AsyncGenerator<Uint8Array> {
  const bytes = await readBody(body, form.hasEnvelope ? maxBytes + envelopeBytes : maxBytes);
  if (!isWhole()) throw malformed('The body ended before its end.');
  checkMessage(form.hasEnvelope ? openEnvelope(bytes) : bytes, method, form.isJson);
  yield bytes;
}

async function readBody(body: AsyncIterable<Uint8Array>, maxBytes: number): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of body) {
    length += chunk.length;
    if (length > maxBytes) throw tooLarge(maxBytes);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/**
 * As `checkedBody`, for methods that take a stream of requests: each message is passed on when all of it is there. At least
 * one must come.
 */
export async function* checkedStream(
  body: AsyncIterable<Uint8Array>,
  { method, form, maxBytes, isWhole }: Parameters<typeof checkedBody>[1],
): AsyncGenerator<Uint8Array> {
  let held: Uint8Array = new Uint8Array(0);
  let count = 0;
  for await (const chunk of body) {
    held = held.length === 0 ? chunk : Buffer.concat([held, chunk]);
    while (held.length >= envelopeBytes) {
      const end = envelopeBytes + messageLength(held);
      if (end > maxBytes + envelopeBytes) throw tooLarge(maxBytes, end - envelopeBytes);
      if (held.length < end) break;
      checkMessage(held.subarray(envelopeBytes, end), method, form.isJson);
      yield held.subarray(0, end);
      held = held.subarray(end);
      count++;
    }
  }
  if (!isWhole()) throw malformed('The body ended before its end.');
  if (held.length > 0 || count === 0) throw malformed('The body has no whole message.');
}

/** The length that a message's envelope gives. Throws MALFORMED_REQUEST, CONTENT_UNSUPPORTED for one with wrong flags. */
function messageLength(bytes: Uint8Array): number {
  const flags = bytes[0] ?? 0;
  if (flags === compressedFlag) throw new OperationError('CONTENT_UNSUPPORTED', 'The message is compressed.');
  if (flags !== 0) throw malformed(`The message has flags (${flags}) that a request cannot have.`);
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(1);
}

/** The one message of a body. */
function openEnvelope(bytes: Uint8Array): Uint8Array {
  if (bytes.length < envelopeBytes) throw malformed('The body has no whole message.');
  const length = messageLength(bytes);
  const given = bytes.length - envelopeBytes;
  if (given < length) throw malformed(`The message has ${length} bytes, of which ${given} arrived.`);
  if (given > length) throw malformed(`${given - length} bytes follow the one message that this method takes.`);
  return bytes.subarray(envelopeBytes);
}

function checkMessage(bytes: Uint8Array, { input }: DescMethod, isJson: boolean): void {
  try {
    if (isJson) {
      const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
      fromJsonString(input, text, { ignoreUnknownFields: isForeign(input) });
    } else fromBinary(input, bytes);
  } catch (error) {
    const why = errorMessage(error);
    const [, type = '', field] = unknownField.exec(why) ?? [];
    if (field !== undefined) throw noSuchField(input, type, field.slice(0, maxFieldChars));
    const format = isJson ? 'JSON' : 'protobuf';
    throw malformed(`The body is not ${format} of ${input.typeName}: ${why.slice(0, maxWhyChars)}.`, error);
  }
}

/** Messages of other platforms' documents, whose clients may send more than is read here. */
function isForeign({ file }: DescMessage): boolean {
  return !file.proto.package.startsWith('innkeeper.');
}

/** A misspelled field would otherwise be dropped, as if the caller had not asked for anything. */
function noSuchField(input: DescMessage, type: string, field: string): OperationError {
  const message = messageOf(input, type);
  const names = message?.fields.map(({ jsonName }) => jsonName) ?? [];
  return new OperationError('INVALID_ARGUMENT', `${message?.name ?? type} has no field "${field}".`, {
    nextStep: names.length === 0 ? 'Send {}; it has no fields.' : `Its fields are ${names.join(', ')}.`,
  });
}

/** The message of this type, which is `within` or a message inside it. */
function messageOf(within: DescMessage, type: string, seen = new Set<string>()): DescMessage | undefined {
  if (within.typeName === type) return within;
  if (seen.has(within.typeName)) return undefined;
  seen.add(within.typeName);
  for (const { message } of within.fields) {
    const found = message === undefined ? undefined : messageOf(message, type, seen);
    if (found !== undefined) return found;
  }
  return undefined;
}

/** For a request of more bytes than a call can have; how many, where that is known. */
export function tooLarge(maxBytes: number, bytes?: number): OperationError {
  const message =
    bytes === undefined
      ? `The request has more than ${maxBytes} bytes.`
      : `The request has ${bytes} bytes; the maximum is ${maxBytes}.`;
  return new OperationError('REQUEST_TOO_LARGE', message);
}

function malformed(message: string, cause?: unknown): OperationError {
  return new OperationError('MALFORMED_REQUEST', message, cause === undefined ? {} : { cause });
}
