import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { guestScript } from '../guest-shell.ts';

const packaging = join(import.meta.dirname, '../../../packaging');

/** Replaces the daemon: starts a "VM", records its pid, and then idles like a daemon between two requests. */
const daemon = `#!/bin/sh
[ "$*" = "serve --listen none" ] || exit 2
[ -w "$INNKEEPER_DATA" ] && ! [ -w /usr ] || exit 1
setsid sleep 5000 &
echo $! >>"$INNKEEPER_DATA/vms"
exec sleep 6000
`;

/** Checks with a guest's systemd that the processes of VMs survive a restart and stop of innkeeper.service. */
export async function checkServiceUnit(name: string, options: { readonly dataDirectory: string }): Promise<void> {
  const sh = (script: string): Promise<string> => guestScript(name, script, options);
  const put = async (path: string, text: string): Promise<void> => {
    await guestScript(name, `mkdir -p "$(dirname ${path})"; cat >${path}`, options, text);
  };
  await put('/usr/bin/innkeeper', daemon);
  await put('/etc/innkeeper/innkeeper.conf', 'INNKEEPER_OPTIONS="--listen none"\n');
  const unit = '/usr/lib/systemd/system/innkeeper.service';
  await put(unit, readFileSync(join(packaging, 'systemd/innkeeper.service'), 'utf8'));
  await put('/tmp/make-user.sh', readFileSync(join(packaging, 'daemon/make-user.sh'), 'utf8'));
  await sh('chmod 755 /usr/bin/innkeeper; . /tmp/make-user.sh; make_user; systemctl daemon-reload');
  await sh('systemctl start innkeeper');
  const mainPid = async (): Promise<string> => (await sh('systemctl show -P MainPID innkeeper')).trim();
  const vms = async (): Promise<string[]> => (await sh('cat /var/lib/innkeeper/vms')).trim().split('\n');
  /** The user of a running process. */
  const ownerOf = async (pid: string): Promise<string> => (await sh(`stat -c %U /proc/${pid}`)).trim();
  const first = await mainPid();
  await sh('for n in $(seq 100); do [ -s /var/lib/innkeeper/vms ] && exit 0; sleep 0.1; done; exit 1');
  const [vm = ''] = await vms();
  assert.equal(await ownerOf(vm), 'innkeeper');
  assert.match(await sh(`cat /proc/${vm}/cgroup`), /\/innkeeper\.slice\/innkeeper\.service/);
  await sh('systemctl restart innkeeper');
  assert.notEqual(await mainPid(), first);
  assert.equal(await ownerOf(vm), 'innkeeper');
  await sh('systemctl stop innkeeper');
  assert.equal(await ownerOf(vm), 'innkeeper');
  await sh('kill $(cat /var/lib/innkeeper/vms)');
}
