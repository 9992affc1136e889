import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { historyLimitBytes, OutputRing, unreadLimitBytes } from './output-ring.ts';

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text);

/** All kept segments with their streams: "1:abc 2:d". */
function contents(ring: OutputRing): string {
  const parts: string[] = [];
  for (let at = ring.oldestOffset; ; ) {
    const segment = ring.read(at, 100);
    if (segment === undefined) return parts.join(' ');
    parts.push(`${segment.stream}:${new TextDecoder().decode(segment.data)}`);
    at += segment.data.length;
  }
}

describe('OutputRing', () => {
  it('the output ring keeps both streams in order, and joins small pieces of one', () => {
    const ring = new OutputRing();
    for (const [stream, text] of [
      [1, 'a'],
      [1, 'b'],
      [2, 'c'],
      [1, 'd'],
    ] as const)
      ring.append(stream, bytesOf(text));
    assert.equal(contents(ring), '1:ab 2:c 1:d');
    assert.equal(ring.nextOffset, 4);
  });

  it('the output ring can be read from any offset, in pieces of the requested size', () => {
    const ring = new OutputRing();
    ring.append(1, bytesOf('0123456789'));
    assert.deepEqual(ring.read(3, 4), { offset: 3, stream: 1, data: bytesOf('3456') });
    assert.equal(ring.read(10, 4), undefined);
  });

  it('the output ring copies its input', () => {
    const ring = new OutputRing();
    const bytes = bytesOf('abc');
    ring.append(1, bytes);
    bytes.fill(0);
    assert.equal(contents(ring), '1:abc');
  });

  it('the output ring drops what is older than the history, and nothing that is needed', () => {
    const ring = new OutputRing();
    const piece = new Uint8Array(50_000);
    for (let count = 0; count < 20; count++) ring.append(1, piece);
    ring.trim(0);
    assert.equal(ring.oldestOffset, 0);
    ring.trim(1_000_000);
    assert.ok(ring.keptBytes >= historyLimitBytes - piece.length && ring.keptBytes <= historyLimitBytes + piece.length);
  });

  it('the output ring is limited by bytes, and by the number of segments', () => {
    const ring = new OutputRing();
    ring.append(1, new Uint8Array(unreadLimitBytes));
    assert.equal(ring.isFull(0), true);
    assert.equal(ring.isFull(1), false);
    const crowded = new OutputRing();
    for (let count = 0; count < 5000; count++) crowded.append(count % 2 === 0 ? 1 : 2, bytesOf('x'));
    assert.equal(crowded.isFull(0), true);
    crowded.trim(5000);
    assert.equal(crowded.isFull(5000), false);
  });

  it('the output ring keeps its offsets when it is emptied', () => {
    const ring = new OutputRing();
    ring.append(1, bytesOf('abc'));
    ring.clear();
    assert.deepEqual([ring.oldestOffset, ring.nextOffset, ring.read(3, 1)], [3, 3, undefined]);
  });
});
