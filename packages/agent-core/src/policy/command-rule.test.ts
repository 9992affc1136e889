import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { ProcessServiceLite } from '@innkeeper/contract/agent-lite';
import { FakeHost } from '../fake/fake-host.ts';
import type { Program } from '../fake/fake-program.ts';
import { startLimitedAgent } from '../fake/limited-agent.ts';
import { settle } from '../fake/manual-clock.ts';

const denied = 'DENIED_BY_GUEST_POLICY';

async function guest() {
  const started: string[][] = [];
  const program: Program = ({ argv }) => {
    started.push([...argv]);
    return 0;
  };
  const host = new FakeHost({
    programs: {
      '/usr/bin/report': program,
      '/usr/bin/report-all': program,
      '/bin/busybox': program,
      '/bin/ls': program,
    },
  });
  host.files.remove('/bin/ls');
  host.files.putLink('/bin/ls', '/bin/busybox');
  host.files.putFolder('/usr/local');
  host.files.putLink('/usr/local/bin', '/usr/bin');
  host.files.put('/srv/bin/report', '', { mode: 0o755 });
  host.files.putLink('/srv/link', '/usr/bin/report');
  host.files.putLink('/srv/folder', '/usr/bin');
  const { node } = await startLimitedAgent(
    '[policy]\ncommands = ["/usr/bin/report", "/bin/ls"]\nfeatures_off = ["file.write"]\n',
    host,
  );
  let last = 0;
  const run = async (value: object): Promise<string | undefined> => {
    const call = await node.open(ProcessServiceLite.exec, {
      input: { case: 'start', value: { id: `p${last++}`, ...value } },
    });
    await host.clock.advance(10);
    await settle();
    return call.reason;
  };
  return { run, started };
}

describe('the commands of a policy', () => {
  it('an allowed command starts by its path, by its name and through a link of a folder', async () => {
    const { run, started } = await guest();
    assert.equal(await run({ argv: ['/usr/bin/report', '-x'] }), '');
    assert.equal(await run({ argv: ['report'] }), '');
    assert.equal(await run({ argv: ['/usr/local/bin/report'] }), '');
    assert.equal(await run({ argv: ['/usr/../usr/bin/./report'] }), '');
    assert.deepEqual(started, [['/usr/bin/report', '-x'], ...Array.from({ length: 3 }, () => ['/usr/bin/report'])]);
  });

  it('other programs are refused, whatever they are called and whatever links to an allowed one', async () => {
    const { run, started } = await guest();
    for (const argv of [
      ['/bin/sh', '-c', 'report'],
      ['sh'],
      ['/usr/bin/report-all'],
      ['/srv/bin/report'],
      ['/srv/link'],
      ['/bin/busybox', 'ls'],
      ['./report'],
      ['/usr/bin/'],
      ['/usr/bin/report/..'],
      ['none'],
      ['/usr/bin/report\u0020'],
    ])
      assert.equal(await run({ argv }), denied, argv.join(' '));
    assert.equal(await run({ shellCommand: 'report' }), denied);
    assert.equal(await run({ argv: ['./report'], workingDirectory: '/srv/bin' }), denied);
    assert.deepEqual(started, []);
  });

  it('the name by which a busybox decides is that of the allowed command', async () => {
    const { run, started } = await guest();
    assert.equal(await run({ argv: ['/bin/ls', 'sh'] }), '');
    assert.deepEqual(started, [['/bin/ls', 'sh']]);
  });

  it('variables that change what a command runs are refused, and those of a terminal and a language are not', async () => {
    const { run } = await guest();
    for (const name of ['LD_PRELOAD', 'PATH', 'HOME', 'BASH_ENV', 'PYTHONPATH', 'IFS', 'TERMINFO', 'LC_', 'lang'])
      assert.equal(await run({ argv: ['report'], environment: { [name]: '/srv/x' } }), denied, name);
    assert.equal(await run({ argv: ['report'], environment: { LANG: 'C', LC_ALL: 'C', TERM: 'dumb' } }), '');
  });

  it('no variable names a file: a time zone is one of those that are installed, and the others have no slash', async () => {
    const { run } = await guest();
    for (const [name, value] of [
      ['TZ', '/root/secret'],
      ['TZ', ':/root/secret'],
      ['TZ', '../../root/secret'],
      ['TZ', 'Europe/../../../root/secret'],
      ['LANGUAGE', '/srv/x'],
      ['LANGUAGE', 'de:../x'],
      ['LANG', '/srv/locale'],
      ['LC_ALL', '../srv'],
      ['TERM', 'x/../y'],
    ] as const)
      assert.equal(await run({ argv: ['report'], environment: { [name]: value } }), denied, `${name}=${value}`);
    for (const environment of [
      { TZ: 'Europe/Berlin' },
      { TZ: ':Asia/Tokyo' },
      { TZ: 'CET-1CEST' },
      { LANGUAGE: 'de:en' },
    ])
      assert.equal(await run({ argv: ['report'], environment }), '', JSON.stringify(environment));
  });
});
