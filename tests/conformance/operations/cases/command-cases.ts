import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ConformanceCase } from '../conformance-case.ts';

const notRoot = process.getuid?.() === 0 ? undefined : 'only root may run commands as others';

/** A user of this machine with a supplementary group. */
function memberOfSomeGroup(): { user: string; groupId: string } | undefined {
  for (const line of readFileSync('/etc/group', 'utf8').split('\n')) {
    const [, , groupId = '', members = ''] = line.split(':');
    const user = members.split(',')[0];
    if (user !== undefined && user !== '' && user !== 'root') return { user, groupId };
  }
  return undefined;
}

const member = memberOfSomeGroup();

export const commandCases: readonly ConformanceCase[] = [
  {
    title: 'a command’s exit code is returned',
    needs: ['commands'],
    run: async ({ client }) => {
      assert.equal((await client.run({ shell: 'exit 7' })).exitCode, 7);
      assert.equal((await client.run({ argv: ['sh', '-c', 'exit 0'] })).exitCode, 0);
    },
  },
  {
    title: 'standard output and standard error are separate',
    needs: ['commands'],
    run: async ({ client }) => {
      const { stdout, stderr } = await client.run({ shell: 'echo out; echo err >&2; echo out again' });
      assert.deepEqual([`${stdout}`, `${stderr}`], ['out\nout again\n', 'err\n']);
    },
  },
  {
    title: 'arguments are passed unchanged',
    needs: ['commands'],
    run: async ({ client }) => {
      const { stdout } = await client.run({ argv: ['printf', '%s|', 'a b', '$HOME', '*', '\'"', ''] });
      assert.equal(`${stdout}`, 'a b|$HOME|*|\'"||');
    },
  },
  {
    title: 'a command has the requested environment and folder',
    needs: ['environments', 'working directories'],
    run: async ({ client, folder }) => {
      await mkdir(join(folder, 'with space'));
      const request = { directory: join(folder, 'with space'), environment: { GREETING: 'hé', EMPTY: '' } };
      const { stdout } = await client.run({ ...request, shell: 'pwd; echo "$GREETING-$EMPTY-"; echo $PATH' });
      assert.match(`${stdout}`, new RegExp(`^${folder}/with space\nhé--\n/.*bin\n$`));
    },
  },
  {
    title: 'output that is not UTF-8 arrives unchanged, or with U+FFFD in a dialect of strings',
    needs: ['commands'],
    run: async ({ client }) => {
      const { stdout } = await client.run({ shell: "printf 'a\\377\\376b\\303\\251'" });
      const expected = client.hasTextOnly ? Buffer.from('a\ufffd\ufffdbé') : Buffer.from('61fffe62c3a9', 'hex');
      assert.deepEqual(stdout, expected);
    },
  },
  {
    title: 'large output arrives completely',
    needs: ['commands'],
    run: async ({ client }) => {
      const { stdout, truncated } = await client.run({ shell: 'seq 100000' });
      assert.equal(truncated, false);
      assert.equal(`${stdout}`, `${Array.from({ length: 100_000 }, (_, index) => index + 1).join('\n')}\n`);
    },
  },
  {
    title: 'a command that cannot be started is an error, not an exit code',
    needs: ['commands', 'refusals with reasons'],
    run: async ({ client, folder }) => {
      await writeFile(join(folder, 'data'), 'not a program');
      await assert.rejects(client.run({ argv: ['no-such-program', 'x'] }), { reason: 'COMMAND_NOT_FOUND' });
      await assert.rejects(client.run({ argv: [`${folder}/none`, 'x'] }), { reason: 'COMMAND_NOT_FOUND' });
      await assert.rejects(client.run({ argv: [`${folder}/data`, 'x'] }), { reason: 'COMMAND_NOT_EXECUTABLE' });
      await assert.rejects(client.run({ argv: [folder, 'x'] }), { reason: 'COMMAND_NOT_EXECUTABLE' });
    },
  },
  {
    title: 'an argument that contains NUL is an error',
    needs: ['commands', 'refusals with reasons'],
    run: async ({ client }) => {
      await assert.rejects(client.run({ argv: ['echo', 'a\0b'] }), { reason: 'INVALID_ARGUMENT' });
    },
  },
  {
    title: 'an empty line for a shell is an error',
    needs: ['lines for a shell', 'refusals with reasons'],
    run: async ({ client }) => {
      await assert.rejects(client.run({ shell: '' }), { reason: 'INVALID_ARGUMENT' });
    },
  },
  {
    title: 'a variable of the environment reaches the command',
    needs: ['commands', 'environments'],
    run: async ({ client }) => {
      const { stdout } = await client.run({
        shell: 'echo "$GREETING-$EMPTY-"',
        environment: { GREETING: 'hé', EMPTY: '' },
      });
      assert.equal(`${stdout}`, 'hé--\n');
    },
  },
  {
    title: 'a working directory that does not exist or is not a folder is an error',
    needs: ['working directories', 'refusals with reasons'],
    run: async ({ client, folder }) => {
      const wrong = { reason: 'WORKING_DIRECTORY_INVALID' };
      await assert.rejects(client.run({ shell: 'pwd', directory: join(folder, 'none') }), wrong);
      await assert.rejects(client.run({ shell: 'pwd', directory: '/etc/passwd' }), wrong);
      await assert.rejects(client.run({ shell: 'pwd', directory: 'tmp' }), wrong);
    },
  },
  {
    title: 'an unknown user or group is an error',
    needs: ['users and groups', 'refusals with reasons'],
    run: async ({ client }) => {
      await assert.rejects(client.run({ shell: 'id', user: 'nobody-of-this-name' }), { reason: 'USER_NOT_FOUND' });
      await assert.rejects(client.run({ shell: 'id', group: 'no-such-group' }), { reason: 'GROUP_NOT_FOUND' });
    },
  },
  {
    title: 'a command runs as another user, by name and by number',
    needs: ['users and groups'],
    skip: notRoot,
    run: async ({ client }) => {
      const byName = await client.run({ shell: 'id -un; id -G; echo $USER', user: 'daemon' });
      assert.equal(`${byName.stdout}`, 'daemon\n1\ndaemon\n');
      const byNumber = await client.run({ shell: 'id -u; id -g', user: '1', group: '2' });
      assert.equal(`${byNumber.stdout}`, '1\n2\n');
    },
  },
  {
    title: 'a command has the user’s supplementary groups only if requested',
    needs: ['users and groups'],
    skip: notRoot ?? (member === undefined ? 'no user of this machine has a supplementary group' : undefined),
    run: async ({ client }) => {
      const { user = '', groupId = '' } = member ?? {};
      const groups = async (supplementaryGroups: boolean): Promise<string[]> =>
        `${(await client.run({ shell: 'id -G', user, supplementaryGroups })).stdout}`.trim().split(' ');
      assert.ok((await groups(true)).includes(groupId));
      assert.ok(!(await groups(false)).includes(groupId));
    },
  },
];
