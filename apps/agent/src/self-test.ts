import * as host from 'host';

interface Check {
  readonly name: string;
  readonly run: () => boolean;
}

const checks: readonly Check[] = [
  { name: 'clock', run: () => host.now(0) > 0n && host.monotonicMs() > 0 },
  { name: 'crc-32c', run: () => host.crc32c(host.encodeUtf8('123456789'), 0) === 0xe3069283 },
  {
    name: 'sha-256',
    run: () => hex(sha256('abc')) === 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  },
  { name: 'utf-8', run: () => host.decodeUtf8(new Uint8Array([0xe2, 0x82, 0xac, 0xff]), false) === '€\ufffd' },
  { name: 'random', run: randomDiffers },
  { name: 'files', run: () => host.readText('/proc/self/stat', 4096).includes('innkeeper') },
  { name: 'file systems', run: () => host.statvfs('/').totalBytes > 0 },
  { name: 'interfaces', run: () => host.interfaceAddresses().length >= 0 },
  { name: 'processes', run: () => host.constants().pid > 0 && host.becomeSubreaper() },
];

/** Whether every port of the C layer works in this kernel; one line each on standard output. */
export function selfTest(): boolean {
  const results = checks.map(({ name, run }) => {
    const failure = failureOf(run);
    host.printOut(`${failure === undefined ? 'ok  ' : 'FAIL'} ${name}${failure === undefined ? '' : `: ${failure}`}`);
    return failure === undefined;
  });
  const { pidfd } = host.constants();
  host.printOut(`     openat2 ${host.supportsOpenat2() ? 'yes' : 'no, walked by hand'}, pidfd ${pidfd ? 'yes' : 'no'}`);
  return results.every((good) => good);
}

function randomDiffers(): boolean {
  const [first, second] = [host.random(16), host.random(16)];
  return hex(first) !== hex(second);
}

function failureOf(run: () => boolean): string | undefined {
  try {
    return run() ? undefined : 'a wrong result';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

function sha256(text: string): Uint8Array {
  const state = host.sha256New();
  host.sha256Update(state, host.encodeUtf8(text));
  return host.sha256Digest(state);
}

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
