import type { Call, Cancel, Credit, End, StreamMessage } from '@innkeeper/contract/agent';
import { GoodbyeLite, HelloLite, WelcomeLite } from '@innkeeper/contract/agent-lite';
import {
  callBodyTag,
  callCreditTag,
  callHalfCloseTag,
  callIdTag,
  callMethodTag,
  callMoreTag,
  callTimeoutMsTag,
  cancelCallIdTag,
  creditBytesTag,
  creditCallIdTag,
  endCallIdTag,
  endCodeTag,
  endMessageTag,
  endReasonTag,
  frameCallTag,
  frameCancelTag,
  frameCreditTag,
  frameEndTag,
  frameGoodbyeTag,
  frameHelloTag,
  frameMessageTag,
  frameWelcomeTag,
  streamMessageBodyTag,
  streamMessageCallIdTag,
  streamMessageHalfCloseTag,
  streamMessageMoreTag,
} from '@innkeeper/contract/agent-tags';
import { liteDecode } from '@innkeeper/contract/lite';
import { FieldReader } from '../field-reader.ts';
import { payloadOffset } from './frame-layout.ts';
import { crcFieldBytes } from './limits.ts';
import type { NativePayload } from './payload.ts';

const empty = new Uint8Array(0);

/**
 * The payload of a valid frame. Unknown fields are skipped; `{ case: undefined }` if there is no known one.
 * @throws MalformedMessageError if it is malformed. Frequent payloads are decoded by hand, the rest by their tables.
 */
export function decodePayload(bytes: Uint8Array, start: number, end: number): NativePayload {
  const reader = new FieldReader(bytes, start + payloadOffset, end - crcFieldBytes);
  let payload: NativePayload = { case: undefined };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag < frameHelloTag || tag > frameGoodbyeTag || (tag & 7) !== 2) {
      reader.skip(tag & 7);
      continue;
    }
    const outerEnd = reader.end;
    reader.end = reader.delimitedEnd();
    payload = decodeField(tag, bytes, reader);
    reader.position = reader.end;
    reader.end = outerEnd;
  }
  return payload;
}

function decodeField(tag: number, bytes: Uint8Array, reader: FieldReader): NativePayload {
  switch (tag) {
    case frameCallTag:
      return { case: 'call', value: decodeCall(reader) };
    case frameMessageTag:
      return { case: 'message', value: decodeMessage(reader) };
    case frameEndTag:
      return { case: 'end', value: decodeEnd(reader) };
    case frameCreditTag:
      return { case: 'credit', value: decodeCredit(reader) };
    case frameCancelTag:
      return { case: 'cancel', value: decodeCancel(reader) };
    case frameHelloTag:
      return { case: 'hello', value: liteDecode(HelloLite, bytes.subarray(reader.position, reader.end)) };
    case frameWelcomeTag:
      return { case: 'welcome', value: liteDecode(WelcomeLite, bytes.subarray(reader.position, reader.end)) };
    default:
      return { case: 'goodbye', value: liteDecode(GoodbyeLite, bytes.subarray(reader.position, reader.end)) };
  }
}

function decodeCall(reader: FieldReader): Call {
  const call: Call = {
    $typeName: 'innkeeper.agent.v1.Call',
    id: 0,
    method: '',
    timeoutMs: 0,
    credit: 0,
    body: empty,
    halfClose: false,
    more: false,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === callIdTag) call.id = reader.varint();
    else if (tag === callMethodTag) call.method = reader.string();
    else if (tag === callTimeoutMsTag) call.timeoutMs = reader.varint();
    else if (tag === callCreditTag) call.credit = reader.varint();
    else if (tag === callBodyTag) call.body = reader.bytes();
    else if (tag === callHalfCloseTag) call.halfClose = reader.varint() !== 0;
    else if (tag === callMoreTag) call.more = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
  return call;
}

function decodeMessage(reader: FieldReader): StreamMessage {
  const message: StreamMessage = {
    $typeName: 'innkeeper.agent.v1.StreamMessage',
    callId: 0,
    halfClose: false,
    body: empty,
    more: false,
  };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === streamMessageCallIdTag) message.callId = reader.varint();
    else if (tag === streamMessageHalfCloseTag) message.halfClose = reader.varint() !== 0;
    else if (tag === streamMessageBodyTag) message.body = reader.bytes();
    else if (tag === streamMessageMoreTag) message.more = reader.varint() !== 0;
    else reader.skip(tag & 7);
  }
  return message;
}

function decodeEnd(reader: FieldReader): End {
  const end: End = { $typeName: 'innkeeper.agent.v1.End', callId: 0, code: 0, reason: '', message: '' };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === endCallIdTag) end.callId = reader.varint();
    else if (tag === endCodeTag) end.code = reader.varint();
    else if (tag === endReasonTag) end.reason = reader.string();
    else if (tag === endMessageTag) end.message = reader.string();
    else reader.skip(tag & 7);
  }
  return end;
}

function decodeCredit(reader: FieldReader): Credit {
  const credit: Credit = { $typeName: 'innkeeper.agent.v1.Credit', callId: 0, bytes: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === creditCallIdTag) credit.callId = reader.varint();
    else if (tag === creditBytesTag) credit.bytes = reader.varint();
    else reader.skip(tag & 7);
  }
  return credit;
}

function decodeCancel(reader: FieldReader): Cancel {
  const cancel: Cancel = { $typeName: 'innkeeper.agent.v1.Cancel', callId: 0 };
  for (let tag = reader.tag(); tag !== 0; tag = reader.tag()) {
    if (tag === cancelCallIdTag) cancel.callId = reader.varint();
    else reader.skip(tag & 7);
  }
  return cancel;
}
