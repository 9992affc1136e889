import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { FakeHost } from '../fake/fake-host.ts';
import { settle } from '../fake/manual-clock.ts';
import { HostError } from '../host-error.ts';
import { Spool } from './spool.ts';

describe('Spool', () => {
  it('a freeze in the middle of a move from memory to the disk writes nothing twice', async () => {
    const host = new FakeHost();
    host.files.putFolder('/var/tmp');
    const { write } = host.files;
    let writes = 0;
    host.files.write = (...words) => {
      if (++writes === 2) throw new HostError('EFROZEN', 'write');
      return write.apply(host.files, words);
    };
    const spool = new Spool(host);
    const pieces = [1, 2, 3, 4].map((byte) => new Uint8Array(20_000).fill(byte));
    let done = 0;
    const appended = (async () => {
      for (const piece of pieces) {
        await spool.append(piece);
        done++;
      }
    })();
    await settle();
    assert.deepEqual([done, spool.bytes], [3, 60_000]);
    await host.clock.advance(1000);
    await appended;
    const read: Uint8Array[] = [];
    // Each piece is valid until the next one is read.
    for (const piece of spool.read()) read.push(piece.slice());
    assert.ok(Buffer.concat(read).equals(Buffer.concat(pieces)));
    spool.close();
  });
});
