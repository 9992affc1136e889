import assert from 'node:assert/strict';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import { hostname, release, totalmem } from 'node:os';
import { join } from 'node:path';
import { until } from '@innkeeper/kit/testing';
import type { ConformanceCase } from '../conformance-case.ts';
import { processGone } from '../process-gone.ts';

const key = `ssh-ed25519 AAAAC3NzaC1lZDI1NTE5${'A'.repeat(40)}`;

/** What is administered in a guest, in every dialect that has it. Nothing here changes the machine of the tests. */
export const adminCases: readonly ConformanceCase[] = [
  {
    title: 'a folder is listed by name, whole or in parts, with hidden files only on request',
    needs: ['folders'],
    run: async ({ client: { admin }, folder }) => {
      await writeFile(join(folder, 'a'), 'xx', { mode: 0o640 });
      await writeFile(join(folder, '.hidden'), '');
      await mkdir(join(folder, 'sub'), { mode: 0o700 });
      await symlink('a', join(folder, 'link'));
      const a = { name: 'a', kind: 'file', size: 2, mode: 0o640, target: '' };
      for (const atOnce of [0, 1, 2]) {
        const entries = await admin.list(folder, { hidden: false, atOnce });
        assert.deepEqual(
          entries.map(({ name, kind }) => `${kind} ${name}`),
          ['file a', 'link link', 'folder sub'],
        );
        assert.deepEqual([entries[0], entries[1]?.target, entries[2]?.mode], [a, 'a', 0o700]);
      }
      const names = (await admin.list(folder, { hidden: true, atOnce: 0 })).map(({ name }) => name);
      assert.deepEqual(names, ['.hidden', 'a', 'link', 'sub']);
      await assert.rejects(admin.list(join(folder, 'no'), { hidden: true, atOnce: 0 }), { reason: 'FILE_NOT_FOUND' });
    },
  },
  {
    title: 'a folder of 3,000 entries is listed whole',
    needs: ['folders'],
    run: async ({ client: { admin }, folder }) => {
      const name = (index: number): string => `entry-with-a-name-of-some-length-${String(index).padStart(4, '0')}`;
      const names = Array.from({ length: 3000 }, (_, index) => name(index));
      await Promise.all(names.map((each) => writeFile(join(folder, each), '')));
      const entries = await admin.list(folder, { hidden: false, atOnce: 0 });
      assert.deepEqual(
        entries.map((each) => each.name),
        names,
      );
    },
  },
  {
    title: 'folders are made, described and removed',
    needs: ['folders'],
    run: async ({ client: { admin }, folder }) => {
      const deep = join(folder, 'a/b');
      await assert.rejects(admin.makeDirectory(deep, { parents: false, mode: 0o750 }), { reason: 'FILE_NOT_FOUND' });
      await admin.makeDirectory(deep, { parents: true, mode: 0o750 });
      assert.equal((await stat(deep)).mode & 0o7777, 0o750);
      await symlink('nowhere', join(deep, 'link'));
      const { kind, target } = await admin.stat(join(deep, 'link'));
      assert.deepEqual([kind, target], ['link', 'nowhere']);
      await assert.rejects(admin.remove(join(folder, 'a'), { recursive: false }), { reason: 'FILE_IS_DIRECTORY' });
      await admin.remove(join(folder, 'a'), { recursive: true });
      assert.deepEqual(await readdir(folder), []);
      await assert.rejects(admin.stat(deep), { reason: 'FILE_NOT_FOUND' });
    },
  },
  {
    title: 'a process is found by its command line and ended by a signal',
    needs: ['processes'],
    run: async ({ client, agentPid, folder }) => {
      const mark = `mark-${folder.slice(-12).replaceAll('/', '-')}`;
      const running = client.run({ shell: `: ${mark}; sleep 1000; :` });
      const [found, ...others] = await until(
        async () => {
          const found = await client.admin.processes(mark);
          return found.length > 0 && found;
        },
        { everyMs: 50 },
      );
      assert.deepEqual([found?.parentPid, found?.user, others], [agentPid, 'root', []]);
      await client.admin.signal(found?.pid ?? 0, 9);
      await processGone(found?.pid ?? 0);
      assert.equal((await running).exitCode, undefined);
      await assert.rejects(client.admin.signal(4_194_304, 9), { reason: 'PROCESS_NOT_FOUND' });
      await assert.rejects(client.admin.signal(1, 9), { reason: 'PROCESS_PROTECTED' });
    },
  },
  {
    title: 'the machine is described as the kernel has it',
    needs: ['machines'],
    run: async ({ client: { admin } }) => {
      const found = await admin.machine();
      assert.deepEqual([found.hostname, found.kernel], [hostname(), release()]);
      assert.ok(found.memoryTotalBytes >= totalmem(), `${found.memoryTotalBytes}`);
    },
  },
  {
    title: 'packages are found by a part of their name',
    needs: ['packages'],
    run: async ({ client: { admin } }) => {
      const status = await readFile('/var/lib/dpkg/status', 'utf8').catch(() => undefined);
      if (status === undefined) {
        await assert.rejects(admin.packages('libc'), { reason: 'UNSUPPORTED_BY_AGENT' });
        return;
      }
      const names = await admin.packages('base-files');
      assert.ok(names.includes('base-files'), `${names}`);
      assert.deepEqual(await admin.packages('no-such-package'), []);
    },
  },
  {
    title: 'the capabilities are those that the agent has here',
    needs: ['lists of capabilities'],
    run: async ({ client: { admin } }) => {
      const capabilities = await admin.capabilities();
      const { has, lacks } = admin.capabilityNames;
      assert.deepEqual([capabilities.includes(has), capabilities.includes(lacks)], [true, false]);
    },
  },
  {
    title: 'a password of nobody is refused',
    needs: ['passwords'],
    run: async ({ client: { admin } }) => {
      await assert.rejects(admin.refusedPassword('no-such-user'), { reason: 'USER_NOT_FOUND' });
    },
  },
  {
    title: 'keys of nobody, and a malformed key, are refused',
    needs: ['keys'],
    run: async ({ client: { admin } }) => {
      await assert.rejects(admin.keys('no-such-user'), { reason: 'USER_NOT_FOUND' });
      await assert.rejects(admin.addKey('no-such-user', key), { reason: 'USER_NOT_FOUND' });
      for (const wrong of [`#${key}`, `${key}\n${key}`])
        await assert.rejects(admin.addKey('nobody', wrong), { reason: 'INVALID_ARGUMENT' });
      await assert.rejects(admin.removeKey('no-such-user', key), { reason: 'USER_NOT_FOUND' });
    },
  },
  {
    title: 'the CPUs are those of the kernel, the first of them on line',
    needs: ['CPUs'],
    run: async ({ client: { admin } }) => {
      const found = await admin.cpus();
      const folders = (await readdir('/sys/devices/system/cpu')).filter((name) => /^cpu\d+$/.test(name));
      assert.equal(found.length, folders.length);
      assert.deepEqual(found[0], { id: 0, online: true });
      await assert.rejects(admin.switchOff(999_999), { reason: 'HARDWARE_REFUSED' });
    },
  },
  {
    title: 'an unknown interface is refused, or a malformed address where the dialect names no interface',
    needs: ['configuring the network'],
    run: async ({ client: { admin } }) => {
      await assert.rejects(admin.refusedNetwork('no-such-0'), (error: { reason?: string }) =>
        // Where the agent may not configure the network at all, it says that.
        ['INTERFACE_NOT_FOUND', 'UNSUPPORTED_BY_AGENT', 'NETWORK_REFUSED', 'INVALID_ARGUMENT'].includes(
          error.reason ?? '',
        ),
      );
    },
  },
  {
    title: 'an unknown service is refused',
    needs: ['units'],
    run: async ({ client: { admin } }) => {
      await assert.rejects(admin.refusedUnit('no-such-unit'), (error: { reason?: string }) =>
        ['UNIT_NOT_FOUND', 'UNSUPPORTED_BY_AGENT'].includes(error.reason ?? ''),
      );
    },
  },
];
