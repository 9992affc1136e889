import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, describe, it } from 'node:test';
import type { AgentLink } from '@innkeeper/agent-client';
import { UnitAction, UnitBoot, UnitState } from '@innkeeper/contract/agent';
import { GuestProcessServiceLite, UnitServiceLite } from '@innkeeper/contract/agent-lite';
import { buildAgent } from '../../../apps/agent/testing/running-agent.ts';
import { FakeRoot, whyNoFakeRoot } from './fake-root.ts';

/** Notes its words, and keeps units in files in /state. `hangs.service` never stops; `huge.service` prints without end. */
const systemctl = `echo "$@" >>/log
if [ "$1" = show ]; then
  while [ "$1" != -- ]; do shift; done
  shift
  [ "$1" = "*.service" ] && set -- $(cd /state && ls)
  for name; do
    [ "$name" = huge.service ] && { echo Id=huge.service; printf Description=; exec yes x | head -c 20000000; }
    if [ -f "/state/$name" ]; then cat "/state/$name"; else printf 'Id=%s\\nLoadState=not-found\\n' "$name"; fi
    echo
  done
  exit
fi
[ "$3 $5" = "stop hangs.service" ] && exec sleep 987654
[ "$5" = refused.service ] && { echo "Access denied" >&2; exit 4; }
case "$3" in
  start) sed -i "s/^ActiveState=.*/ActiveState=active/; s/^SubState=.*/SubState=running/" "/state/$5";;
  stop) sed -i "s/^ActiveState=.*/ActiveState=inactive/; s/^SubState=.*/SubState=dead/" "/state/$5";;
  enable) sed -i "s/^UnitFileState=.*/UnitFileState=enabled/" "/state/$5";;
esac`;

const unit = (name: string): string =>
  `Id=${name}\nDescription=About ${name}\nLoadState=loaded\nActiveState=inactive\nSubState=dead\nUnitFileState=disabled\n`;

before(buildAgent, { timeout: 300_000 });

describe('services in a root of files', { skip: whyNoFakeRoot ?? false, timeout: 120_000 }, () => {
  let root: FakeRoot;
  let link: AgentLink;
  before(async () => {
    root = await FakeRoot.create();
    root.put('/run/systemd/system/x', '');
    root.putProgram('/bin/systemctl', systemctl);
    root.putProgram('/bin/journalctl', 'head -c 5000000 /dev/zero | tr "\\0" x; echo; echo last');
    for (const name of ['a.service', 'hangs.service', 'refused.service', 'innkeeper-agent.service'])
      root.put(`/state/${name}`, unit(name));
    link = await root.start();
  });
  after(() => root[Symbol.asyncDispose]());

  const stateOf = async (name: string): Promise<UnitState | undefined> =>
    (await link.call(UnitServiceLite.get, { name })).unit?.state;

  it('services are listed, started, enabled and stopped through systemctl', async () => {
    const { units, initSystem } = await link.call(UnitServiceLite.list, {});
    // This machine's /usr may have unit files too, of which the fake systemctl knows nothing.
    assert.deepEqual(
      [initSystem, units.length, units[0]?.name, units[0]?.boot],
      ['systemd', 4, 'a.service', UnitBoot.DISABLED],
    );
    const started = await link.call(UnitServiceLite.control, { name: 'a', action: UnitAction.START });
    assert.equal(started.unit?.state, UnitState.RUNNING);
    const enabled = await link.call(UnitServiceLite.control, { name: 'a.service', action: UnitAction.ENABLE });
    assert.equal(enabled.unit?.boot, UnitBoot.ENABLED);
    await link.call(UnitServiceLite.control, { name: 'a', action: UnitAction.STOP });
    assert.equal(await stateOf('a'), UnitState.STOPPED);
  });

  it('a systemctl that hangs is killed at its deadline and reported, and the agent serves others meanwhile', async () => {
    const hanging = link.call(UnitServiceLite.control, { name: 'hangs', action: UnitAction.STOP, timeoutMs: 1000 });
    const refused = assert.rejects(hanging, { reason: 'UNIT_TIMEOUT' });
    await link.ping();
    await refused;
    const { processes } = await link.call(GuestProcessServiceLite.list, { pageSize: 1000 });
    assert.deepEqual(
      processes.filter(({ command }) => command.includes('sleep 987654')),
      [],
    );
  });

  it('what systemctl refuses is an error with its words', async () => {
    await assert.rejects(link.call(UnitServiceLite.control, { name: 'refused', action: UnitAction.START }), {
      reason: 'UNIT_FAILED',
      message: /Access denied/,
    });
    await assert.rejects(link.call(UnitServiceLite.get, { name: 'none' }), { reason: 'UNIT_NOT_FOUND' });
  });

  it('the agent’s own service is neither stopped nor disabled', async () => {
    for (const action of [UnitAction.STOP, UnitAction.RESTART, UnitAction.DISABLE])
      await assert.rejects(link.call(UnitServiceLite.control, { name: 'innkeeper-agent', action }), {
        reason: 'UNIT_PROTECTED',
      });
    assert.doesNotMatch(readFileSync(join(root.folder, 'log'), 'utf8'), /(?:stop|restart|disable) -- innkeeper-agent/);
  });

  it('missing, malformed, oversized and hostile names are refused before any program is started', async () => {
    const before = readFileSync(join(root.folder, 'log'), 'utf8');
    for (const name of [
      '',
      '-a',
      '--host=x',
      '.',
      '..',
      'a/../b',
      'a b',
      '$(reboot)',
      'a;b',
      'a\n',
      'a\0',
      'x'.repeat(300),
      'x'.repeat(60_000),
    ]) {
      await assert.rejects(link.call(UnitServiceLite.get, { name }), { reason: 'INVALID_ARGUMENT' });
      const request = { name, action: UnitAction.STOP };
      await assert.rejects(link.call(UnitServiceLite.control, request), { reason: 'INVALID_ARGUMENT' });
    }
    for (const [action, timeoutMs] of [
      [0, 0],
      [77 as UnitAction, 0],
      [UnitAction.STOP, 300_001],
    ] as const)
      await assert.rejects(link.call(UnitServiceLite.control, { name: 'a', action, timeoutMs }), {
        reason: 'INVALID_ARGUMENT',
      });
    await assert.rejects(link.call(UnitServiceLite.list, { pageSize: 1001 }), { reason: 'INVALID_ARGUMENT' });
    await assert.rejects(link.call(UnitServiceLite.list, { pageToken: '../x' }), { reason: 'INVALID_ARGUMENT' });
    assert.equal(readFileSync(join(root.folder, 'log'), 'utf8'), before);
  });

  it('endless output of systemctl and of a log is cut, and the agent stays small', async () => {
    await assert.rejects(link.call(UnitServiceLite.get, { name: 'huge' }), { reason: 'UNIT_NOT_FOUND' });
    const { log } = await link.call(UnitServiceLite.get, { name: 'a' });
    assert.ok(log.length <= 20 && log.every((line) => line.length <= 1000));
    assert.ok((await root.agent.status('VmHWM')) < 8 * 1024);
  });
});

describe('a root without an init system', { skip: whyNoFakeRoot ?? false, timeout: 120_000 }, () => {
  it('services are refused with UNSUPPORTED_BY_AGENT where the guest has none', async () => {
    await using root = await FakeRoot.create();
    root.put('/etc/inittab', '');
    const link = await root.start();
    await assert.rejects(link.call(UnitServiceLite.list, {}), { reason: 'UNSUPPORTED_BY_AGENT', message: /units/ });
  });
});
