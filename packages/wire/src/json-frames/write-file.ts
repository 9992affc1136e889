import { FileServiceLite } from '@innkeeper/contract/agent-lite';
import { liteDecode, liteEncode } from '@innkeeper/contract/lite';
import { type JsonCall, jsonErrorReply, okReply } from './reply.ts';
import { type Fields, flagField, numberField, textField } from './request-fields.ts';

const method = FileServiceLite.write;
/** Data is passed on in chunks of this size. */
const pieceBytes = 60_000;

/** write_file to Write: the file appears whole or not at all, unless it is appended to. */
export function writeFileCall(fields: Fields): JsonCall {
  const path = textField(fields, 'path');
  const mode = numberField(fields, 'mode');
  const append = flagField(fields, 'append');
  const data = new TextEncoder().encode(textField(fields, 'content'));
  let offset = 0n;
  return {
    method: method.name,
    timeoutMs: 60_000,
    *requests() {
      const place = append ? { append } : { sizeBytes: BigInt(data.length) };
      yield liteEncode(method.input, { input: { case: 'open', value: { path, mode, ...place } } });
      // Made when they are pulled: by then `opened` has told where a file that is appended to ends.
      for (let at = 0; at < data.length; at += pieceBytes) {
        const chunk = { offset: offset + BigInt(at), data: data.subarray(at, at + pieceBytes) };
        yield liteEncode(method.input, { input: { case: 'chunk', value: chunk } });
      }
      yield liteEncode(method.input, { input: { case: 'commit', value: {} } });
    },
    take: (body) => {
      const { event } = liteDecode(method.output, body);
      if (event.case === 'opened') offset = event.value.offset;
      return false;
    },
    finish: (error) =>
      error === undefined ? okReply({ message: `wrote ${data.length} bytes to ${path}` }) : jsonErrorReply(error),
  };
}
