import assert from 'node:assert/strict';
import { describe, it, type TestContext } from 'node:test';
import { startFakeAgent } from '../../fake/fake-agent.ts';
import { startLimitedAgent } from '../../fake/limited-agent.ts';
import { qgaCommandNames } from '../qga.ts';
import { QgaPeer } from './fake/qga-peer.ts';
import type { QgaSettings } from './qga-settings.ts';

async function connect(test: TestContext, qga?: QgaSettings): Promise<QgaPeer> {
  const { agent, end } = await startFakeAgent(undefined, { qga });
  test.after(end);
  return new QgaPeer(agent);
}

// What goes in and what comes out, as the contract says it.
const exchanges: readonly (readonly [title: string, request: string, ...answers: string[]])[] = [
  ['guest-ping', '{"execute":"guest-ping"}', '{"return": {}}'],
  ['an id', '{"execute":"guest-ping","id":{"b":[1,null],"a":""}}', '{"return": {}, "id": {"a": "", "b": [1, null]}}'],
  [
    'guest-sync with 2^63 - 1',
    '{"execute":"guest-sync","arguments":{"id":9223372036854775807}}',
    '{"return": 9223372036854775807}',
  ],
  [
    'guest-sync with -2^63',
    '{"execute":"guest-sync","arguments":{"id":-9223372036854775808}}',
    '{"return": -9223372036854775808}',
  ],
  [
    'guest-sync with 2^64 - 1',
    '{"execute":"guest-sync","arguments":{"id":18446744073709551615}}',
    `{"error": {"class": "GenericError", "desc": "Invalid parameter type for 'id', expected: integer"}}`,
  ],
  [
    'guest-sync with a fraction',
    '{"execute":"guest-sync","arguments":{"id":1.5}}',
    `{"error": {"class": "GenericError", "desc": "Invalid parameter type for 'id', expected: integer"}}`,
  ],
  ['guest-sync-delimited', '{"execute":"guest-sync-delimited","arguments":{"id":77}}', '\xff{"return": 77}'],
  [
    'the byte 0xFF before a request',
    '\xff{"execute":"guest-sync-delimited","arguments":{"id":7}}',
    `{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\\uFFFD'"}}`,
    '\xff{"return": 7}',
  ],
  [
    'half a request of an earlier client, and the byte 0xFF',
    '{"execute":"guest-p\xff{"execute":"guest-ping"}',
    `{"error": {"class": "GenericError", "desc": "JSON parse error, stray '\\"guest-p\\uFFFD'"}}`,
    '{"return": {}}',
  ],
  [
    'half a request of an earlier client',
    '{"execute":"guest-p{"execute":"guest-ping"}\n{"execute":"guest-sync","arguments":{"id":3}}',
    `{"error": {"class": "GenericError", "desc": "JSON parse error, stray '-p'"}}`,
    '{"error": {"class": "GenericError", "desc": "JSON parse error, expecting value"}}',
    '{"return": 3}',
  ],
  [
    'two requests without a line break',
    '{"execute":"guest-ping"}{"execute":"guest-sync","arguments":{"id":2}}',
    '{"return": {}}',
    '{"return": 2}',
  ],
  ['single quotes', "{'execute':'guest-ping','id':'it\\'s'}", '{"return": {}, "id": "it\'s"}'],
  [
    'a name twice',
    '{"execute":"guest-ping","execute":"guest-ping"}',
    '{"error": {"class": "GenericError", "desc": "JSON parse error, duplicate key"}}',
  ],
  ['what is not an object', '[1]', '{"error": {"class": "GenericError", "desc": "QMP input must be a JSON object"}}'],
  [
    'no execute',
    '{"id":1}',
    `{"id": 1, "error": {"class": "GenericError", "desc": "QMP input lacks member 'execute'"}}`,
  ],
  [
    'exec-oob',
    '{"exec-oob":"guest-ping"}',
    `{"error": {"class": "GenericError", "desc": "QMP input member 'exec-oob' is unexpected"}}`,
  ],
  [
    'execute as a number',
    '{"execute":5}',
    `{"error": {"class": "GenericError", "desc": "QMP input member 'execute' must be a string"}}`,
  ],
  [
    'arguments as null',
    '{"execute":"guest-ping","arguments":null}',
    `{"error": {"class": "GenericError", "desc": "QMP input member 'arguments' must be an object"}}`,
  ],
  [
    'an unknown command',
    '{"execute":"nope","id":3}',
    '{"id": 3, "error": {"class": "CommandNotFound", "desc": "The command nope has not been found"}}',
  ],
  [
    'an unknown argument',
    '{"execute":"guest-ping","arguments":{"foo":1}}',
    `{"error": {"class": "GenericError", "desc": "Parameter 'foo' is unexpected"}}`,
  ],
  [
    'a missing argument',
    '{"execute":"guest-sync"}',
    `{"error": {"class": "GenericError", "desc": "Parameter 'id' is missing"}}`,
  ],
];

async function disabledOf(peer: QgaPeer): Promise<string[]> {
  const info = JSON.parse(await peer.call('guest-info')) as {
    return: { supported_commands: { name: string; enabled: boolean }[] };
  };
  const { supported_commands: commands } = info.return;
  return commands
    .filter(({ enabled }) => !enabled)
    .map(({ name }) => name)
    .toSorted();
}

describe('a session of QGA', () => {
  for (const [title, request, ...answers] of exchanges)
    it(`QGA answers ${title} as its contract says, however the bytes are cut`, async (test) => {
      for (const cut of [request.length, 1, 7]) {
        await using peer = await connect(test);
        for (let at = 0; at < request.length; at += cut) await peer.write(request.slice(at, at + cut));
        await peer.write('\n');
        for (const answer of answers) assert.equal(await peer.line(), answer);
        assert.equal(await peer.ask('{"execute":"guest-sync","arguments":{"id":1}}'), '{"return": 1}');
      }
    });

  it('guest-info has the settable version and marks commands that the lists of the guest forbid', async (test) => {
    await using peer = await connect(test, {
      version: '9.9',
      allow: ['guest-info', 'guest-ping'],
      block: ['guest-ping'],
    });
    const info = JSON.parse(await peer.call('guest-info')) as {
      return: { version: string; supported_commands: { name: string; enabled: boolean }[] };
    };
    assert.equal(info.return.version, '9.9');
    const enabled = info.return.supported_commands.filter((command) => command.enabled).map(({ name }) => name);
    assert.deepEqual(enabled, ['guest-info']);
    assert.equal(
      await peer.call('guest-ping'),
      '{"error": {"class": "CommandNotFound", "desc": "Command guest-ping has been disabled: the command is not allowed"}}',
    );
  });

  it('guest-info marks each command that the guest’s policy forbids, and whoever calls one is told the rule', async () => {
    for (const [rule, off] of [
      ['features_off = ["exec"]', ['guest-exec', 'guest-exec-status']],
      ['features_off = ["file.write"]', ['guest-file-write']],
      ['features_off = ["file.read"]', ['guest-file-read']],
      ['features_off = ["filesystem.trim", "logs"]', ['guest-fstrim']],
      ['rate_limits', []],
      [
        'read_only = true',
        [
          ...['guest-exec', 'guest-exec-status', 'guest-file-write', 'guest-fsfreeze-freeze'],
          ...['guest-fsfreeze-freeze-list', 'guest-fsfreeze-status', 'guest-fsfreeze-thaw', 'guest-fstrim'],
          ...['guest-set-memory-blocks', 'guest-set-time', 'guest-set-user-password', 'guest-set-vcpus'],
          ...['guest-shutdown', 'guest-ssh-add-authorized-keys', 'guest-ssh-remove-authorized-keys'],
          ...['guest-suspend-disk', 'guest-suspend-hybrid', 'guest-suspend-ram'],
        ],
      ],
    ] as const) {
      const { agent, end } = await startLimitedAgent(
        rule === 'rate_limits' ? '[rate_limits]\nall = 1\n' : `[policy]\n${rule}\n`,
      );
      await using peer = new QgaPeer(agent);
      assert.deepEqual(await disabledOf(peer), [...off].sort(), rule);
      for (const name of off)
        assert.match(
          await peer.call(name),
          new RegExp(`"CommandNotFound", "desc": "Command ${name} has been disabled: The policy of this guest forbids`),
        );
      end();
    }
  });

  it('with everything off that can be, each command that is left is answered, and each other one is disabled', async () => {
    const { agent, end } = await startLimitedAgent('[policy]\nfeatures_only = []\n');
    await using peer = new QgaPeer(agent);
    const off = await disabledOf(peer);
    const left = (await qgaCommandNames()).filter((name) => !off.includes(name));
    assert.deepEqual(left.toSorted(), [
      ...['guest-get-host-name', 'guest-get-load', 'guest-get-osinfo', 'guest-get-time', 'guest-get-users'],
      ...['guest-info', 'guest-network-get-interfaces', 'guest-ping', 'guest-sync', 'guest-sync-delimited'],
    ]);
    for (const name of left) {
      const answer = await peer.call(name, name.startsWith('guest-sync') ? { id: 1 } : undefined);
      assert.match(answer, /"return"/, name);
    }
    end();
  });

  it('libvirt’s handshake works: guest-sync with milliseconds, after one line of garbage at most', async (test) => {
    await using peer = await connect(test);
    await peer.write('{"execute":"guest-exec-st');
    const id = 1_796_099_994_244;
    const lines = [await peer.ask(`{"execute":"guest-sync", "arguments":{"id":${id}}}`)];
    lines.push(await peer.ask(`{"execute":"guest-sync", "arguments":{"id":${id + 1}}}`));
    while (!lines.at(-1)?.includes(`${id + 1}`)) lines.push(await peer.line());
    assert.equal(lines.at(-1), `{"return": ${id + 1}}`);
  });

  it('Proxmox’s writes work: sync-delimited and a command at once, answered in order by lines that end with a brace', async (test) => {
    await using peer = await connect(test);
    await peer.write(
      '{"execute":"guest-sync-delimited","arguments":{"id":4711}}\n{"execute":"guest-ping","arguments":{}}\n',
    );
    assert.deepEqual([await peer.line(), await peer.line()], ['\xff{"return": 4711}', '{"return": {}}']);
  });
});
