import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { portableByteOps } from '../portable-byte-ops.ts';
import { maxNesting, maxRequestTextBytes, maxRequestValues } from './limits.ts';
import { printJson } from './print-json.ts';
import { QgaReceiver } from './qga-receiver.ts';

interface Seen {
  /** Values and errors, in order. */
  readonly events: readonly string[];
  readonly content: Buffer;
}

/** What a receiver makes of a text, one byte a character, cut into pieces of this size. */
function receive(text: string, pieceBytes = text.length): Seen {
  const bytes = Buffer.from(text, 'latin1');
  const receiver = new QgaReceiver(portableByteOps);
  const events: string[] = [];
  const contents: Buffer[] = [];
  for (let at = 0; at < bytes.length; at += pieceBytes)
    for (const incoming of receiver.push(bytes.subarray(at, at + pieceBytes)))
      if (incoming.type === 'content') contents.push(Buffer.from(incoming.bytes));
      else events.push(incoming.type === 'value' ? printJson(incoming.value) : incoming.problem);
  return { events, content: Buffer.concat(contents) };
}

/** The text as it is printed, with a space after each colon. */
function printJsonOf(text: string): string {
  return text.replaceAll(':', ': ');
}

describe('QgaReceiver', () => {
  it('a content is decoded as it arrives, in pieces of any size, wherever it stands in its request', () => {
    const content = Buffer.from(Array.from({ length: 100 }, (_, at) => at * 37));
    const base64 = content.toString('base64');
    for (const request of [
      `{"execute":"guest-file-write","arguments":{"handle":1,"buf-b64":"${base64}"}}`,
      `{"arguments":{"buf-b64":'${base64}',"handle":1},"execute":"guest-file-write"}`,
    ])
      for (const pieceBytes of [1, 2, 3, 5, 7, 64, 1000]) {
        const { events, content: received } = receive(request, pieceBytes);
        assert.ok(received.equals(content), `${pieceBytes}`);
        assert.deepEqual(events, ['{"execute": "guest-file-write", "arguments": {"handle": 1, "buf-b64": ""}}']);
      }
  });

  it('a text of the same name elsewhere is a text', () => {
    const { events, content } = receive('{"buf-b64":"YQ==","arguments":{"x":{"buf-b64":"YQ=="}}}');
    assert.equal(content.length, 0);
    assert.match(events[0] ?? '', /"buf-b64": "YQ=="/);
  });

  it('the byte 0xFF within a content forgets the request', () => {
    const { events } = receive('{"arguments":{"buf-b64":"YWFh\xff{"execute":"guest-ping"}');
    assert.deepEqual(events, ["JSON parse error, stray '\ufffd'", '{"execute": "guest-ping"}']);
  });

  it('a text beyond the limit is reported once, and a request within it is not a request', () => {
    const inner = '{"execute":"guest-shutdown"}';
    const long = `${'x'.repeat(maxRequestTextBytes)}${inner.replaceAll('"', '\\"')}`;
    const { events } = receive(`{"execute":"${long}","id":${inner}}{"execute":"guest-ping"}`, 4096);
    assert.deepEqual(events, ['JSON token size limit exceeded', '{"execute": "guest-ping"}']);
  });

  it('too many values, and too deep nesting, are reported at once and skipped', () => {
    const many = receive(`[${'1,'.repeat(maxRequestValues)}1]{"execute":"guest-ping"}`, 4096);
    assert.deepEqual(many.events, ['JSON token count limit exceeded', '{"execute": "guest-ping"}']);
    const deep = '['.repeat(maxNesting);
    const end = ']'.repeat(maxNesting);
    assert.equal(receive(`${deep}${end}`).events[0], deep + end);
    assert.deepEqual(receive(`[${deep}${end}]{}`, 100).events, ['JSON nesting depth limit exceeded', '{}']);
  });

  it('white space within a request counts as its text does, and costs no more the deeper it stands', () => {
    const { user } = process.cpuUsage();
    const open = '{"a":'.repeat(500);
    const most = ' \n\t\r'.repeat(maxRequestTextBytes / 4 - 1000);
    const end = `1${'}'.repeat(500)}`;
    assert.equal(receive(open + most + end, 4096).events[0], printJsonOf(open + end));
    assert.ok(process.cpuUsage().user - user < 1_000_000, 'microseconds of CPU');
    const { events } = receive(`{"a":${most}${most}1}  {"execute":"guest-ping"}`, 4096);
    assert.deepEqual(events, ['JSON token size limit exceeded', '{"execute": "guest-ping"}']);
  });

  it('64 MiB of a text take no more memory than its limit', () => {
    const receiver = new QgaReceiver(portableByteOps);
    const piece = Buffer.alloc(65_536, 'a');
    assert.deepEqual([...receiver.push(Buffer.from('{"execute":"'))], []);
    const before = process.memoryUsage().arrayBuffers;
    for (let count = 0; count < 1024; count++) assert.deepEqual([...receiver.push(piece)], []);
    assert.ok(process.memoryUsage().arrayBuffers - before < 4 * 1024 * 1024);
    assert.deepEqual(
      [...receiver.push(Buffer.from('"}'))],
      [{ type: 'error', problem: 'JSON token size limit exceeded' }],
    );
  });

  it('random bytes never throw, and a request after 0xFF is read', () => {
    let seed = 1;
    const next = (): number => {
      seed = (Math.imul(seed, 1103515245) + 12345) >>> 0;
      return seed >>> 16;
    };
    const likely = '{}[]:,"\'\\truefalsn0123.-e \xff\n';
    for (let round = 0; round < 2000; round++) {
      const text = Array.from({ length: next() % 60 }, () =>
        next() % 8 === 0 ? String.fromCharCode(next() % 256) : (likely[next() % likely.length] ?? ''),
      ).join('');
      const { events } = receive(`${text}\xff{"execute":"guest-ping"}`, (next() % 9) + 1);
      assert.equal(events.at(-1), '{"execute": "guest-ping"}', JSON.stringify(text));
    }
  });

  it('a request that is repeated means the same, also after errors and halves of other requests', () => {
    const ping = '{"execute":"guest-ping","id":[1]}\n';
    const receiver = new QgaReceiver(portableByteOps);
    const told = (text: string): string[] =>
      [...receiver.push(Buffer.from(text, 'latin1'))].map((incoming) =>
        incoming.type === 'value' ? printJson(incoming.value) : incoming.type,
      );
    const [first] = told(ping);
    assert.deepEqual([first, ...told(ping), ...told(ping)], [first, first, first]);
    assert.ok(first?.includes('"guest-ping"'));
    assert.deepEqual(told('{"a":'), []);
    // Within another request it is a member's value, not a request.
    assert.deepEqual(told(ping), []);
    assert.deepEqual(told('}').length, 1);
    assert.deepEqual(told(ping), [first]);
    // After a stray byte everything up to the next bracket is skipped.
    assert.deepEqual(told('\xff'), ['error']);
    assert.deepEqual(told(ping), [first]);
    for (let at = 0; at < 40; at++) assert.equal(told(`{"execute":"guest-sync","arguments":{"id":${at}}}`).length, 1);
    assert.deepEqual(told(ping), [first]);
  });

  it('a text that is a request to a reader between two requests is none within a text', () => {
    const receiver = new QgaReceiver(portableByteOps);
    const count = (text: string): number => [...receiver.push(Buffer.from(text))].length;
    assert.equal(count('{"a":1}'), 1);
    assert.equal(count('{"b":"'), 0);
    assert.equal(count('{"a":1}'), 0);
  });
});
