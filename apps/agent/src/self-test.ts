import { encodeBy, type LiteRow, liteDecode, liteEncode, liteType } from '@innkeeper/contract/lite';
import { errorMessage } from '@innkeeper/kit';
import * as host from 'host';

interface Check {
  readonly name: string;
  readonly run: () => boolean;
}

const checks: readonly Check[] = [
  { name: 'clock', run: () => host.now(0) > 0n && host.monotonicMs() > 0 },
  { name: 'crc-32c', run: () => host.crc32c(host.encodeUtf8('123456789'), 0) === 0xe3069283 },
  { name: 'frames', run: findsChecksums },
  {
    name: 'sha-256',
    run: () => hex(sha256('abc')) === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  { name: 'sha-256 in a thread', run: threadHashesAlike },
  { name: 'utf-8', run: () => host.decodeUtf8(new Uint8Array([0xe2, 0x82, 0xac, 0xff]), false) === '€\ufffd' },
  { name: 'protobuf', run: encodersAgree },
  { name: '64-bit numbers', run: wideNumbersSurvive },
  { name: 'random', run: randomDiffers },
  { name: 'files', run: () => host.readText('/proc/self/stat', 4096, false).includes('innkeeper') },
  { name: 'file systems', run: () => host.statvfs('/').totalBytes > 0 },
  { name: 'interfaces', run: () => host.networkLinks().length > 0 },
  { name: 'processes', run: () => host.constants().pid > 0 },
];

/** Checks every port of the C layer on this kernel; prints one line for each. False if one failed. */
export function selfTest(): boolean {
  const results = checks.map(({ name, run }) => {
    const failure = failureOf(run);
    host.printOut(`${failure === undefined ? 'ok  ' : 'FAIL'} ${name}${failure === undefined ? '' : `: ${failure}`}`);
    return failure === undefined;
  });
  const { pidfd } = host.constants();
  const openat2 = host.supportsOpenat2() ? 'yes' : 'no, using a path walk';
  // Every kernel has it; qemu-user, which tests builds for other architectures, does not.
  const subreaper = host.becomeSubreaper() ? 'yes' : 'no';
  host.printOut(`     openat2 ${openat2}, pidfd ${pidfd ? 'yes' : 'no'}, subreaper ${subreaper}`);
  return results.every((good) => good);
}

/**
 * Every kind and rule with edge values: C must write the same bytes as TypeScript, which is tested against protobuf-es.
 */
function encodersAgree(): boolean {
  const kinds = [
    'uint32',
    'bool',
    'int32',
    'uint64',
    'int64',
    'double',
    'string',
    'bytes',
    'fixed32',
    'fixed64',
  ] as const;
  const rules = ['implicit', 'explicit', 'repeated', 'map'] as const;
  const rows = kinds.flatMap((kind, at) =>
    rules.map((rule, by): LiteRow => [at * 9 + by + 1, kind + rule, kind, rule]),
  );
  const leaf = liteType('leaf', rows);
  const tree = liteType('tree', [
    [1, 'one', 'message', undefined, undefined, () => leaf],
    [2, 'many', 'message', 'repeated', undefined, () => leaf],
    [3, 'text', 'string', 'implicit', 'choice'],
    [4_000, 'number', 'uint32', 'implicit', 'choice'],
  ]);
  const leaves = [0, 1, 2, 3].map((edge) => {
    const values = kinds.map((kind) => edgesOf[kind][edge]);
    return Object.fromEntries(
      kinds.flatMap((kind, at) => [
        [`${kind}implicit`, values[at]],
        [`${kind}explicit`, values[at]],
        [`${kind}repeated`, [values[at], values[at]]],
        [`${kind}map`, { '': values[at], é: values[at] }],
      ]),
    );
  });
  const message = { one: leaves[1], many: leaves, choice: { case: 'number', value: 0 } } as never;
  const byC = hex(liteEncode(tree, message));
  encodeBy(undefined);
  const byTypeScript = hex(liteEncode(tree, message));
  encodeBy(host.encodeMessage);
  return byC === byTypeScript && byC.length > 4000;
}

/** Encoded and decoded again, by C and by TypeScript: QuickJS 2025-04-26 handles numbers with bit 63 wrongly. */
function wideNumbersSurvive(): boolean {
  const type = liteType('wide', [
    [1, 'signed', 'int64', 'repeated'],
    [2, 'narrow', 'int32'],
    [3, 'unsigned', 'uint64', 'repeated'],
  ]);
  const signed = [-1n, -2n, -1_000_000_007n, -9_007_199_254_740_993n, -9_223_372_036_854_775_808n];
  const unsigned = [9_223_372_036_854_775_808n, 18_446_744_073_709_551_615n];
  const message = { signed, narrow: -5, unsigned } as never;
  const rest = 'feffffffffffffffff01f9eb94a3fcffffffff01ffffffffffffffefff0180808080808080808001';
  const high = '1a1480808080808080808001ffffffffffffffffff01';
  const expected = `0a32ffffffffffffffffff01${rest}10fbffffffffffffffff01${high}`;
  const survives = (): boolean => {
    const bytes = liteEncode(type, message);
    const read = liteDecode(type, bytes) as unknown as Readonly<Record<'signed' | 'unsigned', readonly bigint[]>>;
    const areSame = (one: readonly bigint[], other: readonly bigint[]): boolean =>
      one.every((value, at) => other[at] === value);
    return hex(bytes) === expected && areSame(signed, read.signed) && areSame(unsigned, read.unsigned);
  };
  const byC = survives();
  encodeBy(undefined);
  const byTypeScript = survives();
  encodeBy(host.encodeMessage);
  return byC && byTypeScript;
}

const edgesOf = {
  uint32: [0, 127, 128, 4_294_967_295],
  bool: [false, true, false, true],
  int32: [0, -1, 2_147_483_647, -2_147_483_648],
  uint64: [0n, 127n, 9_007_199_254_740_993n, 18_446_744_073_709_551_615n],
  int64: [0n, -1n, 9_223_372_036_854_775_807n, -9_223_372_036_854_775_808n],
  double: [0, -0, 1.5, Number.NaN],
  string: ['', 'a', '€\ud800', 'x'.repeat(300)],
  bytes: [new Uint8Array(0), new Uint8Array(1), new Uint8Array(127), new Uint8Array(128)],
  fixed32: [0, 1, 128, 4_294_967_295],
  fixed64: [0n, 1n, 9_007_199_254_740_993n, 18_446_744_073_709_551_615n],
} as const;

function randomDiffers(): boolean {
  const [first, second] = [host.random(16), host.random(16)];
  return hex(first) !== hex(second);
}

function failureOf(run: () => boolean): string | undefined {
  try {
    return run() ? undefined : 'wrong result';
  } catch (error) {
    return errorMessage(error);
  }
}

/** A checksum is found where it was put, and nothing outside of the array is read or written. */
function findsChecksums(): boolean {
  const bytes = host.encodeUtf8('..123456789xxxx');
  host.putCrc32c(bytes, 2, 11, 11);
  const isPut = hex(bytes.subarray(11)) === '839206e3' && host.hasCrc32c(bytes, 2, 11, 11);
  bytes[5] = 0;
  const isLost = !host.hasCrc32c(bytes, 2, 11, 11);
  const part = host.encodeUtf8('..12');
  const matched = [0, 1, 12, 99].map((at) => host.matches(bytes, at, part)).join();
  const refused = [() => host.putCrc32c(bytes, 0, 4, 12), () => host.hasCrc32c(bytes, 5, 4, 0)].every(
    (run) => failureOf(() => Boolean(run())) === 'crc32c: out of bounds',
  );
  return isPut && isLost && matched === 'true,false,false,false' && refused;
}

/** Two streams at once by large pieces, and one that is dropped, against small pieces, which need no thread. */
function threadHashesAlike(): boolean {
  const bytes = new Uint8Array(300_001).map((_, at) => at * 7 + (at >> 8));
  const [first, second, dropped, small] = [host.sha256New(), host.sha256New(), host.sha256New(), host.sha256New()];
  for (let at = 0; at < bytes.length; at += 70_000) {
    const piece = bytes.subarray(at, at + 70_000);
    for (const stream of [first, dropped, second]) host.sha256Update(stream, piece);
  }
  for (let at = 0; at < bytes.length; at += 999) host.sha256Update(small, bytes.subarray(at, at + 999));
  const expected = hex(host.sha256Digest(small));
  return hex(host.sha256Digest(first)) === expected && hex(host.sha256Digest(second)) === expected;
}

function sha256(text: string): Uint8Array {
  const stream = host.sha256New();
  host.sha256Update(stream, host.encodeUtf8(text));
  return host.sha256Digest(stream);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
