import assert from 'node:assert/strict';
import { guestScript } from '../guest-shell.ts';
import { inn, innText } from '../inn.ts';

interface Service {
  readonly name: string;
  readonly state?: string;
  readonly boot?: string;
  readonly pid?: number;
  readonly exitCode?: number;
}

const systemd = {
  '/etc/systemd/system/demo.service':
    '[Unit]\nDescription=Demo\n[Service]\nExecStart=/bin/sleep 5000\n[Install]\nWantedBy=multi-user.target\n',
  '/etc/systemd/system/broken.service':
    '[Service]\nType=oneshot\nExecStart=/bin/sh -c "echo no such luck; exit 3"\n[Install]\nWantedBy=multi-user.target\n',
};
const openrc = {
  '/etc/init.d/demo':
    '#!/sbin/openrc-run\ndescription="Demo"\ncommand=/bin/sleep\ncommand_args=5000\ncommand_background=yes\npidfile=/run/demo.pid\n',
  '/etc/init.d/broken': '#!/sbin/openrc-run\nstart() { echo no such luck; return 1; }\n',
};

/** Checks the services of a guest with two of its own: one that runs, and one that fails. */
export async function checkServices(
  name: string,
  init: string,
  options: { readonly dataDirectory: string },
): Promise<void> {
  const sh = (script: string): Promise<string> => guestScript(name, script, options);
  const isSystemd = init === 'systemd';
  for (const [path, text] of Object.entries(isSystemd ? systemd : openrc)) {
    const write = `cat >${path}; chmod ${isSystemd ? '644' : '755'} ${path}`;
    await guestScript(name, write, options, text);
  }
  if (isSystemd) await sh('systemctl daemon-reload');
  const services = async (...words: readonly string[]): Promise<Service[]> =>
    JSON.parse(await innText(['services', ...words, '-o', 'json'], options)) as Service[];
  const demo = isSystemd ? 'demo.service' : 'demo';
  const inList = async (): Promise<Service | undefined> =>
    (await services('ls', name)).find((each) => each.name === demo);

  const before = await inList();
  assert.deepEqual([before?.state, before?.boot], ['UNIT_STATE_STOPPED', 'UNIT_BOOT_DISABLED']);
  assert.equal(before?.pid, undefined);
  await services('enable', name, 'demo');
  const [started] = await services('start', name, 'demo');
  assert.deepEqual([started?.state, started?.boot], ['UNIT_STATE_RUNNING', 'UNIT_BOOT_ENABLED']);
  const pid = (await inList())?.pid;
  assert.match(await sh(`tr '\\0' ' ' </proc/${pid}/cmdline`), /sleep 5000/);
  // The agent is protected from the kernel's out-of-memory killer; what it starts is not.
  assert.equal((await sh(`cat /proc/${pid}/oom_score_adj`)).trim(), '0');
  const [again] = await services('restart', name, 'demo');
  assert.equal(again?.state, 'UNIT_STATE_RUNNING');
  assert.notEqual(again?.pid, pid);
  await services('stop', name, 'demo');
  const [after] = await services('disable', name, 'demo');
  assert.deepEqual([after?.state, after?.boot], ['UNIT_STATE_STOPPED', 'UNIT_BOOT_DISABLED']);

  const failed = await inn(['services', 'start', name, 'broken', '-o', 'json'], options);
  assert.match(failed.stderr, /"reason":"UNIT_FAILED"/);
  const shown = await innText(['services', 'show', name, 'broken'], options);
  if (isSystemd) {
    assert.match(shown, /failed/);
    assert.match(shown, /no such luck/);
    assert.ok((await services('ls', name, '--state', 'failed')).some((each) => each.exitCode === 3));
  }
  const own = await inn(['services', 'stop', name, 'innkeeper-agent', '-o', 'json'], options);
  assert.match(own.stderr, /"reason":"UNIT_PROTECTED"/);
  assert.equal((await inn(['services', 'stop', name, 'no-such-unit'], options)).exitCode, 3);
}
