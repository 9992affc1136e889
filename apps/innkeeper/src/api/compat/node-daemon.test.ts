import assert from 'node:assert/strict';
import { once } from 'node:events';
import { connect } from 'node:http2';
import { connect as connectUnix } from 'node:net';
import { after, before, describe, it } from 'node:test';
import { createAgent } from '@innkeeper/agent-core';
import { FakeHost, realClock } from '@innkeeper/agent-core/fake';
import { silentLog } from '@innkeeper/kit';
import { httpCall } from '../testing/http-call.ts';
import { type ServedApi, serveApi } from '../testing/serve-api.ts';

const unrefClock = realClock({
  setTimeout: (callback, delayMs) => setTimeout(callback, delayMs).unref(),
  clearTimeout: (timer) => clearTimeout(timer as NodeJS.Timeout),
});

/** A field of a message, with the number and type of the contract. */
const text = (number: number, value: string): Buffer =>
  Buffer.concat([Buffer.of((number << 3) | 2, Buffer.byteLength(value)), Buffer.from(value)]);
const varint = (number: number, value: number): Buffer => Buffer.of(number << 3, value);

/** The fields of an answer by number: texts, numbers, and the first eight bytes of a double. */
function fieldsOf(message: Buffer): Record<number, unknown> {
  const fields: Record<number, unknown> = {};
  for (let at = 0; at < message.length; ) {
    const tag = message.readUInt8(at++);
    const [number, type] = [tag >> 3, tag & 7];
    if (type === 1) {
      fields[number] = message.readDoubleLE(at);
      at += 8;
      continue;
    }
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = message.readUInt8(at++);
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) break;
    }
    if (type === 0) fields[number] = value;
    else {
      const part = message.subarray(at, at + value);
      fields[number] = part.toString('latin1');
      at += value;
    }
  }
  return fields;
}

describe('the node daemon’s guest methods of another platform', () => {
  const guest = new FakeHost({ clock: unrefClock });
  let api: ServedApi;
  let id: string;

  before(async () => {
    guest.files.put('/etc/passwd', 'root:x:0:0::/root:/bin/sh\n');
    const agent = createAgent(guest, silentLog);
    api = await serveApi({
      startAgent: (channel, { signal }) => void agent.serveChannel(channel, 'native', signal).catch(() => undefined),
    });
    ({ id } = (await api.createVm('one')).row);
  });
  after(() => api[Symbol.asyncDispose]());

  /** One unary call as a gRPC client sends it: HTTP/2, a flag and a length before the message. */
  async function grpc(
    method: string,
    ...fields: Buffer[]
  ): Promise<{ status: string; answer: Record<number, unknown> }> {
    const session = connect('http://localhost', { createConnection: () => connectUnix(api.socketPath) });
    try {
      const message = Buffer.concat(fields);
      const head = Buffer.alloc(5);
      head.writeUInt32BE(message.length, 1);
      const stream = session.request({
        ':method': 'POST',
        ':path': `/limiquantix.node.v1.NodeDaemonService/${method}`,
        'content-type': 'application/grpc',
        te: 'trailers',
      });
      let status = '';
      stream.on('response', (headers) => (status = String(headers['grpc-status'] ?? status)));
      stream.on('trailers', (trailers) => (status = String(trailers['grpc-status'] ?? status)));
      const chunks: Buffer[] = [];
      stream.on('data', (chunk: Buffer) => chunks.push(chunk));
      stream.end(Buffer.concat([head, message]));
      await once(stream, 'close');
      return { status, answer: fieldsOf(Buffer.concat(chunks).subarray(5)) };
    } finally {
      session.destroy();
    }
  }

  it('compat: PingAgent answers connected, version and uptime in fields 1 to 3', async () => {
    const { status, answer } = await grpc('PingAgent', text(1, id));
    assert.deepEqual([status, answer[1]], ['0', 1]);
    assert.match(String(answer[2]), /^\d+\.\d+\.\d+/);
  });

  it('compat: ExecuteInGuest runs a line or a program, and an exit code is a result', async () => {
    const line = await grpc('ExecuteInGuest', text(1, 'one'), text(2, 'echo hello'), varint(4, 30), varint(5, 1));
    assert.deepEqual([line.status, line.answer[1], line.answer[3]], ['0', 1, 'hello\n']);
    const program = await grpc('ExecuteInGuest', text(1, id), text(2, 'echo'), text(3, '$HOME;'));
    assert.equal(program.answer[3], '$HOME;\n');
    const failed = await grpc('ExecuteInGuest', text(1, id), text(2, 'echo bad >&2; exit 3'));
    assert.deepEqual(
      [failed.status, failed.answer[1], failed.answer[2], failed.answer[4]],
      ['0', undefined, 3, 'bad\n'],
    );
    const missing = await grpc('ExecuteInGuest', text(1, 'none'), text(2, 'id'));
    assert.equal(missing.status, '5');
  });

  it('compat: WriteGuestFile and ReadGuestFile carry bytes, a part of a file, and its end', async () => {
    const written = await grpc(
      'WriteGuestFile',
      text(1, id),
      text(2, '/a/b'),
      text(3, 'hello'),
      Buffer.of(0x20, 0xa0, 0x03),
      varint(5, 1),
    );
    assert.deepEqual(written.answer, { 1: 1, 2: 5 });
    assert.equal(guest.files.stat('/a/b', false).mode, 0o640);
    const whole = await grpc('ReadGuestFile', text(1, id), text(2, '/a/b'));
    assert.deepEqual(whole.answer, { 1: 1, 2: 'hello', 3: 5, 4: 1 });
    const part = await grpc('ReadGuestFile', text(1, id), text(2, '/a/b'), varint(3, 1), varint(4, 2));
    assert.deepEqual(part.answer, { 1: 1, 2: 'el', 3: 5 });
    const none = await grpc('ReadGuestFile', text(1, id), text(2, '/none'));
    assert.deepEqual([none.status, none.answer[1]], ['0', undefined]);
    assert.match(String(none.answer[5]), /FILE_NOT_FOUND/);
  });

  it('compat: QuiesceFilesystems freezes with a token for 60 s by default, ThawFilesystems thaws it, and hooks run on request', async () => {
    const { answer } = await grpc('QuiesceFilesystems', text(1, id), text(2, '/'));
    assert.equal(answer[1], 1);
    assert.deepEqual(fieldsOf(Buffer.from(String(answer[2]), 'latin1')), { 1: '/', 2: '/dev/vda', 3: 'ext4', 4: 1 });
    assert.deepEqual(guest.freezer.frozen, ['/']);
    const thawed = await grpc('ThawFilesystems', text(1, id), text(2, String(answer[4])), varint(4, 1));
    assert.deepEqual([thawed.answer[1], thawed.answer[2]], [1, '/']);
    assert.deepEqual(guest.freezer.frozen, []);
    const again = await grpc('ThawFilesystems', text(1, id));
    assert.match(String(again.answer[3]), /NOT_FROZEN/);
    const hook = '/etc/innkeeper/pre-freeze.d/10-db';
    guest.files.put(hook, '', { mode: 0o755 });
    guest.jobs.results.set(`${hook} freeze`, { exitCode: 1, stdout: 'busy' });
    assert.match(String((await grpc('QuiesceFilesystems', text(1, id), varint(4, 1))).answer[3]), /FREEZE_FAILED/);
    const tooLong = await grpc('QuiesceFilesystems', text(1, id), Buffer.of(0x18, 0x91, 0x1c));
    assert.equal(tooLong.status, '3');
  });

  it('compat: SyncTime sets a clock that is off, and says how far and by what', async () => {
    guest.clock.setWallTimeNs(guest.clock.wallTimeNs() + 3_000_000_000n);
    const { answer } = await grpc('SyncTime', text(1, id), varint(2, 1));
    assert.deepEqual([answer[1], answer[3]], [1, 'the host']);
    assert.ok(Math.abs(Math.abs(Number(answer[2])) - 3) < 1, String(answer[2]));
  });

  it('compat: they need a login like every other call, and are audited', async () => {
    const url = await api.listenTcp();
    const response = await fetch(`${url}/limiquantix.node.v1.NodeDaemonService/PingAgent`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ vmId: id }),
    });
    assert.equal(response.status, 401);
    await response.body?.cancel();
    const audit = await httpCall(api.socketPath, 'POST', '/innkeeper.control.v1.AuditService/ListAudit', {
      body: '{}',
      headers: { 'content-type': 'application/json' },
    });
    assert.match(audit.body.toString(), /NodeDaemonService\/ExecuteInGuest/);
  });
});
