import type { UniversalServerResponse } from '@connectrpc/connect/protocol';
import { type CodeName, isReasonName, type ReasonName, reasons } from '@innkeeper/contract';
import type { ErrorBody } from './api-error.ts';

/** The reason of an error without one: the Connect library itself answered. Any other code of it is INTERNAL. */
const reasonOfCode: Readonly<Partial<Record<CodeName, ReasonName>>> = {
  canceled: 'CANCELED',
  deadline_exceeded: 'DEADLINE_EXCEEDED',
  unimplemented: 'UNKNOWN_METHOD',
  resource_exhausted: 'REQUEST_TOO_LARGE',
  invalid_argument: 'MALFORMED_REQUEST',
};

/** An error as Connect writes it in JSON. */
export interface ConnectErrorJson {
  readonly code?: CodeName;
  readonly message?: string;
}

/** The body of an error whose reason and next step are in its metadata: the same as HTTP routes answer with. */
export function errorBody(
  { code = 'unknown', message = '' }: ConnectErrorJson,
  metadata: (name: string) => string | null | undefined,
): ErrorBody {
  const reason = metadata('x-innkeeper-reason') ?? reasonOfCode[code] ?? 'INTERNAL';
  const nextStep = metadata('x-innkeeper-next-step');
  return {
    code,
    reason,
    message,
    nextStep: nextStep ? decodeURIComponent(nextStep) : isReasonName(reason) ? reasons[reason].next : '',
  };
}

/** The answer of a unary call in Connect: an error’s body gets its reason and next step, for people who read no headers. */
export async function withReason(response: UniversalServerResponse): Promise<UniversalServerResponse> {
  if (response.status < 400 || response.body === undefined) return response;
  const chunks: Uint8Array[] = [];
  for await (const chunk of response.body) chunks.push(chunk);
  const error = JSON.parse(Buffer.concat(chunks).toString()) as ConnectErrorJson;
  const header = new Headers(response.header);
  const body = errorBody(error, (name) => header.get(name));
  const bytes = Buffer.from(JSON.stringify({ ...error, ...body }));
  header.set('x-innkeeper-reason', body.reason);
  header.set('content-length', String(bytes.length));
  return { ...response, header, body: once(bytes) };
}

async function* once(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  yield bytes;
}
