import assert from 'node:assert/strict';
import { create } from '@bufbuild/protobuf';
import { ListAccountsRequestSchema, ListAccountsResponseSchema } from '@innkeeper/contract/agent';
import { changeSecret, readSecrets } from '../../../packages/agent-core/src/account/account-files.ts';
import { changeKeys, listKeys } from '../../../packages/agent-core/src/account/authorized-keys.ts';
import { AccountNames } from '../../../packages/agent-core/src/file/account-names.ts';
import { listAccounts } from '../../../packages/agent-core/src/inventory/accounts.ts';
import { resolveIdentity } from '../../../packages/agent-core/src/process/accounts.ts';
import { parseSession } from '../../../packages/agent-core/src/telemetry/parse-session.ts';
import { parseUsers } from '../../../packages/agent-core/src/telemetry/parse-users.ts';
import { type Parser, textOf } from '../parser.ts';
import { checkAnswer, guestWith, refusesAsOperation, textsOf } from './fake-guest.ts';

const covers = /\/packages\/agent-core\/src\/(account|file|inventory|process|telemetry)\//;
const passwd = 'root:x:0:0:root:/root:/bin/sh\nana:x:1000:1000:Ana:/home/ana:/bin/sh\n';
const keyText = 'ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGVmZ2hpamtsbW5vcHFyc3R1dnd4eXo ana@host';
const ana = { name: 'ana', uid: 1000, gid: 1000, home: '/srv/ana', shell: '/bin/sh' };
const maxInt64 = 2n ** 63n;

/** The lines of a text; one without an end at its end counts. */
function linesOf(text: string): string[] {
  const lines = text.split('\n');
  if (lines.at(-1) === '') lines.pop();
  return lines;
}

const accounts: Parser = {
  name: 'passwd-and-group',
  covers,
  seeds: () => [`${passwd}\0root:x:0:\naudio:x:29:ana,root\n`, 'a:b:4294967294:1:::\n\0a:b:1:a', '+::::::\nroot'],
  dictionary: [':', '\n', ',', 'ana', ':x:0:0:', '4294967295', '\0'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const [users = '', groups = ''] = textsOf(bytes, 2);
    const host = guestWith({ '/etc/passwd': users, '/etc/group': groups });
    checkAnswer(ListAccountsResponseSchema, listAccounts(host, create(ListAccountsRequestSchema)));
    assert.ok(new AccountNames(host).user(0).length <= 256);
    const request = { user: 'ana', group: '', noSupplementaryGroups: false };
    const { uid, gid, groups: all } = await resolveIdentity(host, request);
    for (const id of [uid, gid, ...all]) assert.ok(Number.isInteger(id) && id >= 0 && id < 0xffff_ffff);
  },
};

const shadow: Parser = {
  name: 'shadow',
  covers,
  seeds: () => ['root:!:1:0:99999:7:::\nana:$5$a$b:19000:0:99999:7:::\n', 'ana', 'x:y\n\nana:::::::::', ''],
  dictionary: ['ana:', 'root:', '\n', ':', '!'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const text = textOf(bytes);
    const host = guestWith({ '/etc/shadow': text });
    assert.ok(readSecrets(host).size > 0);
    await changeSecret(host, 'ana', { field: 'NEW', changedDay: 7 });
    const [before, after] = [linesOf(text), linesOf(host.files.text('/etc/shadow'))];
    const index = before.findIndex((line) => line.startsWith('ana:'));
    const line = after[index < 0 ? after.length - 1 : index];
    assert.match(line ?? '', /^ana:NEW:7(:|$)/);
    // The first line of a user counts.
    assert.deepEqual(after.toSpliced(index < 0 ? -1 : index, 1), index < 0 ? before : before.toSpliced(index, 1));
  },
};

const keys: Parser = {
  name: 'authorized-keys',
  covers,
  seeds: () => [
    `# mine\n${keyText}\n`,
    `${keyText} 1\n# innkeeper: managed keys, begin\n${keyText}\n# innkeeper: managed keys, end\nfrom="10.*" ${keyText}\n`,
    '# innkeeper: managed keys, end\n# innkeeper: managed keys, begin\n',
  ],
  dictionary: ['# innkeeper: managed keys, begin\n', '# innkeeper: managed keys, end\n', `${keyText}\n`, '\r', '\n'],
  refuses: refusesAsOperation,
  run: async (bytes) => {
    const host = guestWith({ '/srv/ana/.ssh/authorized_keys': bytes });
    const { keys: before = [], omitted } = listKeys(host, ana);
    const added = keyText.replace('AAAA', 'BBBB');
    const { keys: after = [] } = await changeKeys(host, ana, { add: [added], remove: [] });
    assert.ok(after.some(({ line, managed }) => line === added && managed === true));
    const others = (all: typeof before) => all.filter(({ managed }) => managed !== true).map(({ line }) => line);
    // One more can push another one out of the answer.
    if (omitted === 0 && before.length < 100) assert.deepEqual(others(after), others(before), 'keys of others changed');
    assert.deepEqual(listKeys(host, ana).keys, after, 'what was written reads otherwise');
  },
};

/** A record of utmp. */
function login(type: number, name: string): Uint8Array {
  const record = Buffer.alloc(384);
  record.writeInt16LE(type, 0);
  record.write('pts/0', 8);
  record.write(name, 44);
  record.write('10.0.0.1', 76);
  record.writeInt32LE(1_700_000_000, 340);
  return record;
}

const utmp: Parser = {
  name: 'utmp',
  covers,
  seeds: () => [
    login(7, 'ana'),
    Buffer.concat([login(7, 'ana'), login(8, 'x'), login(7, 'root')]),
    new Uint8Array(800),
  ],
  run: (bytes) => {
    for (const machine of ['x86_64', 'aarch64'])
      for (const { name, terminal, host } of parseUsers(bytes, machine)) {
        assert.ok(name.length <= 32 && terminal.length <= 32 && host.length <= 256);
      }
  },
};

const session: Parser = {
  name: 'logind-session',
  covers,
  seeds: () => [
    'UID=1000\nUSER=ana\nCLASS=user\nTTY=pts/1\nREMOTE_HOST=::1\nREALTIME=1700000000000000\nSTATE=active\n',
  ],
  dictionary: ['USER=', 'CLASS=', 'STATE=closing', 'REALTIME=', 'user-early', '\n', '='],
  run: (bytes) => {
    const found = parseSession(textOf(bytes));
    if (found === undefined) return;
    assert.ok(found.name !== '' && found.sinceUnixNs >= 0n && found.sinceUnixNs < maxInt64);
  },
};

export const parsers: readonly Parser[] = [accounts, shadow, keys, utmp, session];
