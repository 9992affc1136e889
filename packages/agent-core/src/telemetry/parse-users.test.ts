import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parseUsers as parse } from './parse-users.ts';

const parseUsers = (bytes: Uint8Array) => parse(bytes, 'x86_64');

/** One struct utmp. */
function record(type: number, name: string, terminal: string, seconds: number): Uint8Array {
  const bytes = new Uint8Array(384);
  const view = new DataView(bytes.buffer);
  view.setInt16(0, type, true);
  bytes.set(new TextEncoder().encode(terminal), 8);
  bytes.set(new TextEncoder().encode(name), 44);
  bytes.set(new TextEncoder().encode('10.0.2.2'), 76);
  view.setInt32(340, seconds, true);
  return bytes;
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  return Uint8Array.from(parts.flatMap((part) => [...part]));
}

describe('parseUsers()', () => {
  it('parseUsers returns logins, but not boots and ended sessions', () => {
    const logins = parseUsers(
      joined(record(2, 'reboot', '~', 1), record(7, 'ana', 'pts/0', 1_790_000_000), record(8, '', 'pts/1', 2)),
    );
    assert.deepEqual(logins, [
      { name: 'ana', terminal: 'pts/0', host: '10.0.2.2', sinceUnixNs: 1_790_000_000_000_000_000n },
    ]);
  });

  it('parseUsers parses the longer records of arm64', () => {
    const bytes = new Uint8Array(400);
    bytes.set(record(7, 'ana', 'pts/0', 0).subarray(0, 332));
    new DataView(bytes.buffer).setBigInt64(344, 5_000_000_000n, true);
    const [first, second] = parse(joined(bytes, bytes), 'aarch64');
    assert.deepEqual([first?.sinceUnixNs, second?.name], [5_000_000_000_000_000_000n, 'ana']);
  });

  it('parseUsers ignores a truncated last record', () => {
    assert.equal(parseUsers(joined(record(7, 'ana', 'pts/0', 1), new Uint8Array(383).fill(7))).length, 1);
  });

  it('parseUsers accepts a name that fills its field, and bytes that are not UTF-8', () => {
    const full = record(7, 'a'.repeat(32), 'tty1', 1);
    full[8] = 0xff;
    assert.equal(parseUsers(full)[0]?.name, 'a'.repeat(32));
    assert.equal(parseUsers(full)[0]?.terminal, '\ufffdty1');
  });
});
