import assert from 'node:assert/strict';
import { fromJson, type JsonValue } from '@bufbuild/protobuf';
import { type AgentMessage, AgentMessageSchema } from '@innkeeper/contract/agent-message';
import type { OperationError } from '@innkeeper/contract/errors';
import {
  type AgentMessageCall,
  type AgentMessageReply,
  ByteBudget,
  printReply,
  translateRequest,
} from '@innkeeper/wire';
import { goldenFiles } from './golden-files.ts';

/** The recorded messages of proto/golden/agent-message. */
export const agentMessages = goldenFiles('agent-message').map((golden) => ({
  ...golden,
  message: fromJson(AgentMessageSchema, golden.json as JsonValue),
}));

const byName = new Map(agentMessages.map((golden) => [golden.name, golden]));

/** The recorded message of this name. */
export function messageOf(name: string): AgentMessage {
  const golden = byName.get(name);
  assert.ok(golden, name);
  return golden.message;
}

/** That a reply is printed as it is recorded, with either header. */
export function assertRecorded(name: string, reply: AgentMessageReply): void {
  const { messageId, timestamp } = messageOf(name);
  const wallTimeNs = (timestamp?.seconds ?? 0n) * 1_000_000_000n + BigInt(timestamp?.nanos ?? 0);
  for (const form of ['plain', 'magic'] as const) {
    const printed = printReply(reply, { form, messageId, wallTimeNs });
    assert.deepEqual(new Uint8Array(Buffer.concat(printed)), byName.get(name)?.bytes[form], name);
  }
}

/** The call of a recorded request. */
export function callOf(request: string): AgentMessageCall {
  const options = { freshId: () => 'p1', allowance: new ByteBudget(1 << 20).open() };
  const translated = translateRequest(messageOf(request), options);
  assert.ok(translated.kind === 'call');
  return translated.call;
}

/** The reply to a recorded request, from the results of its method. */
export function answer(request: string, bodies: readonly Uint8Array[], error?: OperationError): AgentMessageReply {
  const call = callOf(request);
  for (const body of bodies) call.take(body);
  return call.finish(error);
}
