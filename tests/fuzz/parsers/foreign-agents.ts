import assert from 'node:assert/strict';
import { OperationError, reasons } from '@innkeeper/contract/errors';
import { procFigures } from '../../../packages/agent-client/src/links/foreign/proc-figures.ts';
import { qgaError } from '../../../packages/agent-client/src/links/qga/qga-error.ts';
import { qgaSample } from '../../../packages/agent-client/src/links/qga/qga-sample.ts';
import type { QgaCall } from '../../../packages/agent-client/src/links/qga/qga-session.ts';
import { type Parser, textOf } from '../parser.ts';
import { plain, refusesWith } from './helpers.ts';

const texts = [
  'cpu  10 20 30 40 50 60 70 80 90 100\ncpu0 1 2 3 4\ncpu1 1 2 3 4\nintr 5\n',
  'MemTotal:       2000 kB\nMemFree: 500 kB\nMemAvailable: 1000 kB\nBuffers: 1 kB\nCached: 2 kB\nSwapTotal: 0 kB\n',
  '0.10 0.20 0.30 1/100 4711\n',
  '12345.67 2345.6\n',
];
const paths = ['/proc/stat', '/proc/meminfo', '/proc/loadavg', '/proc/uptime'];

/** No figure is negative, and none is beyond what a field of a message can hold. */
function checkFigures(value: unknown): void {
  if (typeof value === 'bigint') assert.ok(value >= 0n && value < 1n << 64n, `${value}`);
  else if (typeof value === 'number') assert.ok(Number.isFinite(value) && value >= 0, `${value}`);
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) checkFigures(each);
}

const procFiguresOfAgents: Parser = {
  name: 'foreign-proc-figures',
  facesPeer: true,
  covers: /\/packages\/agent-client\/src\/links\/foreign\/(proc-figures|stat-line|fields)\.ts/,
  seeds: () => [texts.join('\0'), texts.slice(0, 1).join(''), `${'9'.repeat(18)} `.repeat(20), '\0\0\0'],
  dictionary: [
    'cpu ',
    'cpu0 ',
    'MemTotal:',
    'MemAvailable:',
    ' kB\n',
    '\n',
    '\0',
    ' ',
    '999999999999999999',
    '-1',
    '.',
  ],
  run: (bytes) => {
    const parts = textOf(bytes).split('\0');
    const figures = procFigures((path) => parts[paths.indexOf(path)]);
    checkFigures(figures);
    return plain(figures);
  },
};

const errorOfQga: Parser = {
  name: 'qga-error',
  facesPeer: true,
  covers: /\/packages\/agent-client\/src\/links\/qga\/qga-error\.ts/,
  seeds: () => [
    'The command guest-x has not been found',
    'Command guest-exec has been disabled: the agent is in frozen state',
    'Failed to execute child process “/x” (No such file or directory)',
    "failed to open file '/x' (mode: 'r'): Permission denied",
    'PID 5 does not exist',
  ],
  dictionary: [
    'No such file or directory',
    'Permission denied',
    'has been disabled',
    'Failed to execute child process ',
  ],
  run: (bytes) => {
    for (const errorClass of ['GenericError', 'CommandNotFound', textOf(bytes).slice(0, 20)]) {
      const error = qgaError('guest-x', { errorClass, description: textOf(bytes) });
      assert.ok(Object.hasOwn(reasons, error.reason));
      assert.ok(error.message.length < 1000, `${error.message.length} characters`);
    }
  },
};

const sample = {
  'guest-ping': {},
  'guest-get-time': 1_796_099_994_244_000_000,
  'guest-get-fsinfo': [
    { name: 'vda1', mountpoint: '/', type: 'ext4', 'used-bytes': 5, 'total-bytes': 10, disk: [{ dev: '/dev/vda1' }] },
  ],
  'guest-network-get-interfaces': [
    {
      name: 'eth0',
      'hardware-address': '52:54:00:00:00:01',
      'ip-addresses': [{ 'ip-address': '192.0.2.5', 'ip-address-type': 'ipv4', prefix: 24 }],
      statistics: { 'rx-bytes': 1, 'tx-bytes': 2 },
    },
  ],
  'guest-get-users': [{ user: 'root', 'login-time': 1_700_000_000.25 }],
  'guest-fsfreeze-status': 'thawed',
  'guest-file-open': 1000,
  'guest-file-read': { count: 5, 'buf-b64': Buffer.from(texts[0] ?? '').toString('base64'), eof: true },
  'guest-file-close': {},
};

const sampleOfQga: Parser = {
  name: 'qga-sample',
  facesPeer: true,
  covers:
    /\/packages\/agent-client\/src\/links\/(qga\/qga-sample|foreign\/(fields|primary-addresses|proc-figures))\.ts/,
  seeds: () => [
    JSON.stringify(sample),
    JSON.stringify({ ...sample, 'guest-get-fsinfo': [{ name: 5, mountpoint: null, 'used-bytes': -1 }] }),
    JSON.stringify({ ...sample, 'guest-network-get-interfaces': [{ name: 'lo', 'ip-addresses': [{}] }, 5] }),
    JSON.stringify({ ...sample, 'guest-get-time': 1e300, 'guest-get-users': [{ user: 'a', 'login-time': -1e300 }] }),
  ],
  dictionary: [
    ...[
      'null',
      '[]',
      '{}',
      '-1',
      '1e308',
      '0.5',
      '18446744073709551616',
      '"ip-addresses":',
      '"statistics":',
      '[[',
      ',',
    ],
    ...Object.keys(sample).map((name) => `"${name}":`),
  ],
  // An agent that misbehaves is told so; what is not JSON was refused before.
  refuses: refusesWith(OperationError),
  run: async (bytes) => {
    let answers: unknown;
    try {
      answers = JSON.parse(textOf(bytes));
    } catch {
      return undefined;
    }
    const known = new Map(typeof answers === 'object' && answers !== null ? Object.entries(answers) : []);
    const call: QgaCall = async <T>(command: string): Promise<T> => {
      if (!known.has(command)) throw new OperationError('UNSUPPORTED_BY_AGENT', command);
      return known.get(command) as T;
    };
    const report = await qgaSample(call, { version: '1', capabilities: ['file.read'], system: {} }, new Set());
    checkFigures(report);
    return plain(report);
  },
};

/** What the node makes of other people's agents. */
export const parsers: readonly Parser[] = [procFiguresOfAgents, errorOfQga, sampleOfQga];
