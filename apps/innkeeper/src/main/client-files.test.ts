import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { findAgentBinary } from '@innkeeper/images';
import { silentLog } from '@innkeeper/kit';
import { openStore } from '@innkeeper/store';
import { makeDataFolder } from '../node/data/data-folder.ts';
import { TerminalRecords } from '../node/terminals/terminal-records.ts';
import { listenPrivately } from './listen-privately.ts';
import { ownCertificate } from './own-certificate.ts';
import { readPem } from './read-pem.ts';

it('files that a setting names are refused at once when they are a FIFO', { timeout: 20_000 }, async () => {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-files-'));
  try {
    const fifo = (name: string): string => {
      execFileSync('mkfifo', [join(folder, name)]);
      return join(folder, name);
    };
    await assert.rejects(readPem(fifo('given.pem')), { reason: 'LISTEN_REFUSED', message: /not a regular file/ });
    await assert.rejects(findAgentBinary(fifo('agent')), /not a regular file/);
    fifo('cert.pem');
    await assert.rejects(ownCertificate(folder, ['localhost']), /not a regular file/);
    await using store = await openStore(':memory:');
    const place = { terminals: store.terminals, nodeId: 'n', oldFile: fifo('terminals.json') };
    assert.deepEqual(await new TerminalRecords(place, silentLog, () => []).load(), []);
    for (const name of ['lock', 'lock.pid', 'guest-port']) {
      fifo(name);
      await assert.rejects(makeDataFolder(folder), { reason: 'DATA_FOLDER_UNUSABLE', message: /not a regular file/ });
      await rm(join(folder, name));
    }
  } finally {
    await rm(folder, { recursive: true });
  }
});

it('a file where a socket should be is not removed, and another certificate that lies in tls/ is kept beside', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'innkeeper-files-'));
  try {
    await writeFile(join(folder, 'a.sock'), 'mine');
    const listen = (): Promise<never> => assert.fail('listens');
    await assert.rejects(listenPrivately(join(folder, 'a.sock'), listen), { reason: 'DATA_FOLDER_UNUSABLE' });
    assert.equal(await readFile(join(folder, 'a.sock'), 'utf8'), 'mine');
    const first = await ownCertificate(folder, ['one']);
    const second = await ownCertificate(folder, ['two']);
    assert.notEqual(first.key, second.key);
    assert.equal(await readFile(join(folder, 'key.pem.old'), 'utf8'), first.key);
  } finally {
    await rm(folder, { recursive: true });
  }
});
